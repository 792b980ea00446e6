import LinuxSystem
package import Logging
import PodCore
package import Timing

/// The folder whose image archives are imported and pinned: files and folders that are put there, whenever that happens. An archive that is
/// removed from the folder leaves its images pinned.
package struct ImportFolder: Sendable {
    private let store: ImageStore
    private let folder: WatchedFolder
    private let time: any TimeSource
    private let logger: Logger
    private let onFailure: @Sendable (_ message: String) -> Void

    /// Changes inside a folder in the folder are not reported: one that could not be imported is looked at again after this time.
    private static let pause = Duration.seconds(60)

    /// - Parameter onFailure: gets each new failure.
    package init(
        _ path: String, store: ImageStore, time: any TimeSource, logger: Logger, onFailure: @escaping @Sendable (_ message: String) -> Void
    ) {
        folder = WatchedFolder(
            path, largest: 0,
            onUnwatched: { problem in
                logger.warning(
                    "Changes of a folder are not reported by the kernel; it is looked at every few seconds",
                    metadata: ["folder": "\(path)", "reason": "\(problem)"])
            })
        self.store = store
        self.time = time
        self.logger = logger
        self.onFailure = onFailure
    }

    /// Runs until it is cancelled.
    package func run() async {
        var failures: [String: String] = [:]
        while !Task.isCancelled {
            var hasFailedFolder = false
            do {
                let entries = try await store.pool.run("look into the folder of images") { [folder] in try folder.list() }
                failures = failures.filter { failure in entries.contains { $0.name == failure.key } }
                for entry in entries where !entry.isBeingWritten {
                    let isFailed = await !take(entry, &failures)
                    hasFailedFolder = hasFailedFolder || isFailed && entry.status.kind == .directory
                }
            } catch {
                if Task.isCancelled { return }
                logger.error("Folder of images cannot be read", metadata: ["folder": "\(folder.path)", "error": "\(error)"])
                hasFailedFolder = true
            }
            await wait(atMost: hasFailedFolder ? Self.pause : nil)
        }
    }

    private func wait(atMost limit: Duration?) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [folder] in try? await folder.waitForChange() }
            if let limit { group.addTask { [time] in try? await time.sleep(for: limit) } }
            await group.next()
            group.cancelAll()
        }
    }

    /// Imports what has not been imported yet. Returns false for an archive that could not be.
    private func take(_ entry: WatchedFolder.Entry, _ failures: inout [String: String]) async -> Bool {
        let path = "\(folder.path)/\(entry.name)"
        let stamp = stamp(entry.status)
        let current = store.index.current
        if let known = current.imports[path], known.stamp == stamp, known.images.allSatisfy({ current.images[$0] != nil }) { return true }
        // A file that has failed fails again until it changes; a folder may have been completed meanwhile.
        if failures[entry.name]?.hasPrefix(stamp) == true, entry.status.kind != .directory { return false }
        do throws(ImageFailure) {
            let images = try await store.importImages(from: path, pins: true)
            try await store.remember(path, StoreIndex.Import(stamp: stamp, images: images.map(\.id)))
            failures[entry.name] = nil
            logger.notice(
                "Images are imported and pinned", metadata: ["file": "\(path)", "images": "\(images.flatMap(\.names).joined(separator: ", "))"])
            return true
        } catch {
            let failure = "\(stamp) \(error.message)"
            if failures.updateValue(failure, forKey: entry.name) != failure, !Task.isCancelled {
                logger.error("Archive of images cannot be imported", metadata: ["file": "\(path)", "error": "\(error)"])
                onFailure(error.message)
            }
            return false
        }
    }

    private func stamp(_ status: FileStatus) -> String { "\(status.device)-\(status.inode)-\(status.size)-\(status.modified)" }
}

extension ImageStore {
    fileprivate func remember(_ path: String, _ imported: StoreIndex.Import) async throws(ImageFailure) {
        do {
            try await index.update { $0.imports[path] = imported }
        } catch {
            throw ImageFailure(.storeFailed, "the import of \(path) cannot be remembered: \(error)")
        }
    }
}
