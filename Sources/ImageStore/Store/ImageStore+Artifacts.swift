import CLinux
import Glibc
import LinuxSystem
import PodCore
import Synchronization

extension ImageStore {
    /// Brings the files of an artifact into one directory, which is its only layer. Nothing is unpacked, and nothing may be executed.
    ///
    /// Finished downloads stay beside the directory until all files are there: when one fails, the next try begins with the others.
    func gather(_ files: [ArtifactFile], of stack: LayerStack, number: Int) async throws -> LayerReport {
        let directory = layout.layer(number)
        try await pool.run("make layer") { try Directories.make(directory) }
        let downloads = Downloaded(self.downloads)
        // Files with the same content are fetched once.
        let paths = Dictionary(grouping: files, by: \.content.digest).mapValues { $0.map(\.path) }
        var begun: Set<ContentDigest> = []
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (position, file) in files.enumerated() where begun.insert(file.content.digest).inserted {
                    if begun.count > Self.parallelLayers { try await group.next() }
                    let paths = paths[file.content.digest] ?? []
                    group.addTask { try await self.bring(file.content, to: paths, position, of: stack, into: directory, downloads) }
                }
                try await group.waitForAll()
            }
            try await pool.run("sync layer") {
                let root = try OwnedFileDescriptor.open(directory, O_RDONLY | O_DIRECTORY)
                try systemCall("syncfs", directory) { root.withRawValue { swl_syncfs($0) } }
            }
        } catch {
            downloads.close(isWorthKeeping: true)
            throw error
        }
        downloads.close(isWorthKeeping: false)
        return LayerReport(
            diffID: ArtifactFile.digest(of: files), bytes: files.reduce(0) { $0 + $1.content.size }, entries: files.count, implied: [])
    }

    private func bring(
        _ content: Descriptor, to paths: [LayerPath], _ position: Int, of stack: LayerStack, into directory: String, _ finished: Downloaded
    ) async throws {
        let number = takeNumber()
        let download = try await pool.run("open download") { [downloads] in try downloads.open(content.digest, number: number) }
        do {
            try await checkRoom(for: content, in: download)
            stack.progress.reach(.downloading, position, download)
            try await bring(content, from: stack.source, into: download)
            try await pool.run("place file") { for path in paths { try Self.place(download, at: path, in: directory) } }
        } catch {
            let isWorthKeeping = (error as? ImageStoreError).map { Self.isPassing($0) || $0.code == .noRoom } ?? true
            downloads.close(download, of: content.digest, isWorthKeeping: isWorthKeeping)
            throw error
        }
        finished.add(download, content.digest)
        stack.progress.reach(.ready, position)
    }

    /// A second name of the download: a file of any size takes its room once.
    private static func place(_ download: BlobFile, at path: LayerPath, in directory: String) throws {
        let root = try SafePath(directory: directory)
        // "." for a file of the folder itself.
        let parent = try root.makeDirectories(String(decoding: path.parent.joined, as: UTF8.self), mode: 0o755)
        let name = path.base.terminated
        try systemCall("linkat", path.text) { parent.withRawValue { linkat(AT_FDCWD, download.path, $0, name, 0) } }
        try systemCall("fchmod", path.text) { download.descriptor.withRawValue { fchmod($0, 0o644) } }
    }

    /// The downloads of one artifact that are whole. Open until the artifact is, so that no other pull writes to them.
    private final class Downloaded: Sendable {
        private let downloads: Downloads
        private let files = Mutex<[(file: BlobFile, digest: ContentDigest)]>([])

        init(_ downloads: Downloads) { self.downloads = downloads }

        func add(_ file: BlobFile, _ digest: ContentDigest) { files.withLock { $0.append((file, digest)) } }

        func close(isWorthKeeping: Bool) {
            for (file, digest) in files.withLock({ $0 }) { downloads.close(file, of: digest, isWorthKeeping: isWorthKeeping) }
        }
    }
}
