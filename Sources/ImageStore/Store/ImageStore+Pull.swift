import CLinux
import Glibc
import LinuxSystem
import Logging
import PodCore
import Synchronization

extension ImageStore {
    /// Layers of one image that are fetched and unpacked at the same time.
    private static let parallelLayers = 3

    /// Tries the mirrors and then the registry itself; the first complete answer wins.
    func fetch(_ name: ImageReference, credentials: [RegistryCredential]) async throws -> ImageDescription {
        var endpoints = try RegistryEndpoint.all(of: name.domain, in: transport.configuration)
        let last = endpoints.removeLast()
        for mirror in endpoints {
            do {
                return try await fetch(name, from: mirror, credentials: credentials)
            } catch let error as ImageStoreError {
                let ownFault: [ImageStoreError.Code] = [.cancelled, .store, .tooLarge, .unsupported]
                if ownFault.contains(error.code) { throw error }
                logger.notice("Registry mirror failed", metadata: ["image": "\(name)", "mirror": "\(mirror.base)", "error": "\(error)"])
            }
        }
        return try await fetch(name, from: last, credentials: credentials)
    }

    private struct Resolved {
        let top: RegistrySession.Manifest
        let image: RegistrySession.Manifest
        let config: Descriptor
        let layers: [Descriptor]
    }

    private func fetch(_ name: ImageReference, from endpoint: RegistryEndpoint, credentials: [RegistryCredential]) async throws -> ImageDescription {
        let session = RegistrySession(transport: transport, endpoint: endpoint, path: name.path, credentials: credentials)
        let resolved = try await resolve(name, session)
        let config = try await content(resolved.config, session)
        let document = try ImageConfigurationDocument(
            config, layers: resolved.layers.count, platform: .host, object: "\(resolved.config.digest)")

        var chain: [ContentDigest] = []
        for diffID in document.diffIDs { chain.append(ContentHasher.chain(chain.last, diffID)) }
        let stack = LayerStack(chain: chain, diffIDs: document.diffIDs, descriptors: resolved.layers, session: session)
        try await ensureAll(stack)

        for manifest in [resolved.top, resolved.image] { try await keep(manifest.bytes, manifest.digest) }
        try await keep(config, resolved.config.digest)
        let image = StoreIndex.Image(
            names: name.digest == nil ? [name.description] : [], repoDigests: ["\(name.repository)@\(resolved.top.digest)"],
            manifests: resolved.top.digest == resolved.image.digest ? [resolved.top.digest] : [resolved.top.digest, resolved.image.digest],
            size: resolved.layers.reduce(resolved.config.size) { $0 + $1.size }, config: document.config, layers: chain)
        let id = resolved.config.digest
        try await index.update { index in
            guard image.layers.allSatisfy({ index.layer($0) != nil }) else {
                throw ImageStoreError(.store, "enter image", "\(id)", "a layer has gone meanwhile; pull again")
            }
            index.add(image, id: id)
        }
        let current = index.current
        guard let entered = current.images[id.description] else {
            throw ImageStoreError(.store, "enter image", "\(id)", "it has gone meanwhile; pull again")
        }
        return describe(id.description, entered, current)
    }

    /// From a reference to the image manifest for this machine, through at most two indexes.
    private func resolve(_ name: ImageReference, _ session: RegistrySession) async throws -> Resolved {
        let top: RegistrySession.Manifest
        do {
            top = try await session.manifest(name.remoteReference, digest: name.digest, limits: limits)
        } catch let error as ImageStoreError {
            throw ImageStoreError(error.code, Self.resolving, "\(name)", "\(error)")
        }
        var manifest = top
        for _ in 0..<3 {
            switch manifest.document {
            case .image(let config, let layers): return Resolved(top: top, image: manifest, config: config, layers: layers)
            case .index(let manifests):
                let entry = try ManifestDocument.select(manifests, for: .host, object: "\(name)")
                guard entry.size >= 0, entry.size <= Int64(limits.manifestBytes) else {
                    throw ImageStoreError(
                        .tooLarge, "read manifest", "\(name)", "found a manifest of \(entry.size) bytes, wanted at most \(limits.manifestBytes)")
                }
                manifest = try await session.manifest("\(entry.digest)", digest: entry.digest, limits: limits)
            }
        }
        throw ImageStoreError(.malformed, "read manifest", "\(name)", "found an index of indexes of indexes, wanted an image")
    }

    /// A configuration from an earlier pull, or from the registry.
    private func content(_ descriptor: Descriptor, _ session: RegistrySession) async throws -> [UInt8] {
        let path = layout.blob(descriptor.digest)
        let limit = Int(descriptor.size)
        let kept = try await pool.run("read blob") { try? SmallFile.bytes(path, limit: limit) }
        if let kept, ContentHasher.digest(of: kept) == descriptor.digest { return kept }
        return try await session.content(descriptor)
    }

    private func keep(_ bytes: [UInt8], _ digest: ContentDigest) async throws {
        let path = layout.blob(digest)
        try await pool.run("write blob") {
            if (try? SmallFile.bytes(path, limit: bytes.count)) == bytes { return }
            try AtomicFile.replace(path, with: bytes, durability: .synced)
        }
    }

    // MARK: Layers

    /// The layers of one image, lowest first in each list.
    struct LayerStack: Sendable {
        let chain: [ContentDigest]
        let diffIDs: [ContentDigest]
        let descriptors: [Descriptor]
        let session: RegistrySession
    }

    private func ensureAll(_ stack: LayerStack) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for position in stack.chain.indices {
                // From the bottom up, so that a layer that waits for the layer below never takes its place away.
                if position >= Self.parallelLayers { try await group.next() }
                group.addTask { _ = try await self.ensure(position, of: stack) }
            }
            try await group.waitForAll()
        }
    }

    /// Returns the layer at `position` with all layers below it, fetched if missing.
    private func ensure(_ position: Int, of stack: LayerStack) async throws -> StoreIndex.Layer {
        let chain = stack.chain[position]
        return try await layerWork.run(chain) {
            if let known = index.current.layer(chain) { return known }
            let number = nextNumber.withLock { next in
                defer { next += 1 }
                return next
            }
            do {
                let report = try await unpack(stack.descriptors[position], diffID: stack.diffIDs[position], number: number, stack.session)
                if position > 0 { _ = try await ensure(position - 1, of: stack) }
                try await describeImplied(report, number: number, below: Array(stack.chain[..<position].reversed()))
                let layer = StoreIndex.Layer(diffID: report.diffID, number: number, bytes: report.bytes)
                try await index.update { $0.layers[chain.description] = layer }
                return layer
            } catch {
                await discard(number)
                throw error
            }
        }
    }

    private func unpack(_ descriptor: Descriptor, diffID: ContentDigest, number: Int, _ session: RegistrySession) async throws -> LayerReport {
        let directory = layout.layer(number)
        let path = "\(layout.ingest)/\(number)"
        let file = try await pool.run("make layer") {
            try Directories.make(directory)
            return try BlobFile(path: path)
        }
        defer { file.remove() }
        try await session.download(descriptor, into: file, pool: pool)
        let report: LayerReport
        do {
            report = try await unpacker.unpack(file, into: directory, limits: limits)
        } catch let error as ImageStoreError {
            throw ImageStoreError(error.code, "unpack layer", "\(descriptor.digest)", error.operation == "unpack" ? error.detail : "\(error)")
        }
        guard report.diffID == diffID else {
            throw ImageStoreError(
                .digestMismatch, "unpack layer", "\(descriptor.digest)",
                "found the uncompressed digest \(report.diffID), the image's configuration wants \(diffID)")
        }
        return report
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

    /// Removes an unfinished layer, even for a cancelled pull.
    private func discard(_ number: Int) async {
        let directory = layout.layer(number)
        // A task of its own, awaited: the pool refuses the work of a cancelled task.
        let removal = Task { [pool] in try await pool.run("remove layer") { try TreeRemoval.remove(directory) } }
        if case .failure(let error) = await removal.result {
            // Not in the index, so the next start tries again.
            logger.warning("Unfinished layer cannot be removed", metadata: ["directory": "\(directory)", "error": "\(error)"])
        }
    }
}
