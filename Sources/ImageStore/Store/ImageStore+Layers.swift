// Whole-module builds take `timespec` and `stat` from there.
import CArchive
import CLinux
import Glibc
import LinuxSystem
import Logging
import PodCore

extension ImageStore {
    /// Layers of one image that are fetched and unpacked at the same time.
    static let parallelLayers = 3
    /// How often an image is completed again after a removal has taken a part of it away.
    private static let completions = 3

    /// Brings the layers that are missing and enters the image into the index.
    func enter(
        _ image: NewImage, from source: any LayerSource, _ progress: PullProgress = PullProgress()
    ) async throws -> ImageDescription {
        progress.expect(image.layers)
        let stack = LayerStack(
            chain: image.chain, diffIDs: image.document.diffIDs, descriptors: image.layers, files: image.files, source: source, progress: progress)
        holds.hold(stack.chain)
        defer { holds.release(stack.chain) }
        let record = image.record
        let id = image.id
        let files = ([id] + record.manifests).map(layout.blob)
        for _ in 0..<Self.completions {
            try await ensureAll(stack)
            for manifest in image.manifests { try await keep(manifest.bytes, manifest.digest) }
            try await keep(image.config, id)
            let isEntered = try await index.update { [use] index in
                // A removal may have met this image between two steps.
                guard record.layers.allSatisfy({ index.layer($0) != nil }), files.allSatisfy({ access($0, F_OK) == 0 }) else { return false }
                index.add(record, id: id)
                use.arrive(id.description)
                return true
            }
            guard isEntered else { continue }
            let current = index.current
            guard let entered = current.images[id.description] else { continue }
            await noteUse(of: [id.description])
            return describe(id.description, entered, current)
        }
        throw ImageStoreError(.store, "enter image", "\(id)", "parts of it were removed meanwhile; pull again")
    }

    private func keep(_ bytes: [UInt8], _ digest: ContentDigest) async throws {
        let path = layout.blob(digest)
        try await pool.run("write blob") {
            if (try? SmallFile.bytes(path, limit: bytes.count)) == bytes { return }
            try AtomicFile.replace(path, with: bytes, durability: .synced)
        }
    }

    /// The layers of one image, lowest first in each list.
    struct LayerStack: Sendable {
        let chain: [ContentDigest]
        let diffIDs: [ContentDigest]
        let descriptors: [Descriptor]
        /// Of an artifact, whose only layer is a directory with all of them.
        let files: [ArtifactFile]
        let source: any LayerSource
        let progress: PullProgress
    }

    private func ensureAll(_ stack: LayerStack) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for position in stack.chain.indices {
                // From the bottom up, so that a layer that waits for the layer below never takes its place away.
                if position >= Self.parallelLayers { try await group.next() }
                group.addTask {
                    _ = try await self.ensure(position, of: stack)
                    for done in stack.files.isEmpty ? [position] : Array(stack.files.indices) { stack.progress.reach(.ready, done) }
                }
            }
            try await group.waitForAll()
        }
    }

    /// Returns the layer at `position` with all layers below it, fetched if missing.
    private func ensure(_ position: Int, of stack: LayerStack) async throws -> StoreIndex.Layer {
        let chain = stack.chain[position]
        return try await layerWork.run(chain) {
            if let known = index.current.layer(chain) { return known }
            let number = takeNumber()
            do {
                let report =
                    try await stack.files.isEmpty
                    ? unpack(position, of: stack, number: number) : gather(stack.files, of: stack, number: number)
                if position > 0 { _ = try await ensure(position - 1, of: stack) }
                try await describeImplied(report, number: number, below: Array(stack.chain[..<position].reversed()))
                let directory = layout.layer(number)
                let seal = try await pool.run("seal layer") { try LayerSeal.of(directory) }
                let layer = StoreIndex.Layer(diffID: report.diffID, number: number, bytes: report.bytes, seal: seal)
                try await index.update { $0.layers[chain.description] = layer }
                return layer
            } catch {
                await discard(layout.layer(number), "Unfinished layer cannot be removed")
                throw error
            }
        }
    }

    private func unpack(_ position: Int, of stack: LayerStack, number: Int) async throws -> LayerReport {
        let (descriptor, diffID) = (stack.descriptors[position], stack.diffIDs[position])
        let directory = layout.layer(number)
        let file = try await pool.run("make layer") { [downloads] in
            try Directories.make(directory)
            return try downloads.open(descriptor.digest, number: number)
        }
        var isWorthKeeping = true
        defer { downloads.close(file, of: descriptor.digest, isWorthKeeping: isWorthKeeping) }
        try await checkRoom(for: descriptor, in: file)
        do {
            stack.progress.reach(.downloading, position, file)
            try await bring(descriptor, from: stack.source, into: file)
        } catch let error as ImageStoreError {
            isWorthKeeping = Self.isPassing(error)
            throw error
        }
        isWorthKeeping = false
        let report: LayerReport
        do {
            stack.progress.reach(.unpacking, position, file)
            report = try await unpacker.unpack(file, into: directory, limits: limits)
        } catch let error as ImageStoreError {
            isWorthKeeping = error.code == .cancelled
            throw ImageStoreError(error.code, "unpack layer", "\(descriptor.digest)", error.operation == "unpack" ? error.detail : "\(error)")
        }
        guard report.diffID == diffID else {
            throw ImageStoreError(
                .digestMismatch, "unpack layer", "\(descriptor.digest)",
                "found the uncompressed digest \(report.diffID), the image's configuration wants \(diffID)")
        }
        return report
    }

    /// Refuses a download that would leave too little room on the disk. What an earlier try has brought needs no further room.
    func checkRoom(for content: Descriptor, in download: BlobFile) async throws {
        try await pool.run("look at the free space") { [layout, limits] in
            try FreeSpace.check(.open(layout.ingest, O_RDONLY | O_DIRECTORY), needed: content.size - download.count, limits)
        }
    }

    /// Whether another try continues the download.
    static func isPassing(_ error: ImageStoreError) -> Bool {
        let passing: [ImageStoreError.Code] = [.unreachable, .unavailable, .cancelled, .unauthorized]
        return passing.contains(error.code)
    }

    /// A download that an earlier process began may have been damaged since, which only its end shows: then it begins again.
    func bring(_ descriptor: Descriptor, from source: any LayerSource, into file: BlobFile) async throws {
        let isContinued = file.count > 0
        do {
            if file.count > descriptor.size { try await pool.run("truncate blob") { try file.restart() } }
            try await source.bring(descriptor, into: file)
        } catch let error as ImageStoreError where error.code == .digestMismatch && isContinued {
            logger.notice("A continued download had to begin again", metadata: ["layer": "\(descriptor.digest)", "error": "\(error)"])
            try await pool.run("truncate blob") { try file.restart() }
            try await source.bring(descriptor, into: file)
        }
    }

    /// Directories that the layer uses without describing them hide the ones below, so they take their owner, mode and time.
    private func describeImplied(_ report: LayerReport, number: Int, below: [ContentDigest]) async throws {
        guard !report.implied.isEmpty, !below.isEmpty else { return }
        let current = index.current
        let directory = layout.layer(number)
        let lower = below.compactMap { current.layer($0).map { layout.layer($0.number) } }
        try await pool.run("describe directories") {
            let tree = try MergedTree(lowerDirectories: lower)
            let layer = SafePath(root: try .open(directory, O_RDONLY | O_DIRECTORY))
            for path in report.implied {
                guard let model = try tree.directory(path) else { continue }
                let status = try FileStatus(of: model)
                let target = try layer.openBytes(path.joined, O_RDONLY | O_DIRECTORY)
                let time = timespec(tv_sec: Int(status.modified / 1_000_000_000), tv_nsec: Int(status.modified % 1_000_000_000))
                let times = [time, time]
                try systemCall("fchown", path.text) { target.withRawValue { fchown($0, status.uid, status.gid) } }
                try systemCall("fchmod", path.text) { target.withRawValue { fchmod($0, status.mode) } }
                try systemCall("futimens", path.text) { target.withRawValue { futimens($0, times) } }
            }
            try systemCall("syncfs", directory) { layer.root.withRawValue { swl_syncfs($0) } }
        }
    }

    /// Removes an unfinished directory, even for a cancelled pull.
    func discard(_ directory: String, _ complaint: String) async {
        // A task of its own, awaited: the pool refuses the work of a cancelled task.
        let removal = Task { [pool] in try await pool.run("remove \(directory)") { try TreeRemoval.remove(directory) } }
        if case .failure(let error) = await removal.result {
            // Not in the index, so the next start tries again.
            logger.warning("\(complaint)", metadata: ["directory": "\(directory)", "error": "\(error)"])
        }
    }
}
