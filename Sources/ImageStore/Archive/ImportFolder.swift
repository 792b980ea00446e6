import LinuxSystem
package import Logging
import PodCore
package import Timing

/// The folder whose image archives are imported and pinned: files and folders that are put there, whenever that happens. An archive that is
/// removed from the folder leaves its images pinned.
package struct ImportFolder: Sendable {
    /// An archive of which the last try was not the final one.
    private struct Attempt {
        let stamp: String
        /// The last try's failure or images, so that the same outcome is reported once.
        let outcome: String
        var pause: BackOff
        /// The time of the next try; `nil` if only a change of the archive can help.
        let next: Duration?
    }

    private static let pauses = BackOff(initial: .seconds(60), maximum: .seconds(600))

    private let store: ImageStore
    private let folder: WatchedFolder
    private let time: any TimeSource
    private let logger: Logger
    private let onFailure: @Sendable (_ message: String) -> Void

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
        var attempts: [String: Attempt] = [:]
        while !Task.isCancelled {
            var isFolderReadable = true
            do {
                let entries = try await store.pool.run("look into the folder of images") { [folder] in try folder.list() }
                // The end of the writing is a change.
                let settled = entries.filter { !$0.isBeingWritten }
                attempts = attempts.filter { attempt in settled.contains { $0.name == attempt.key } }
                for entry in settled { attempts[entry.name] = await take(entry, after: attempts[entry.name]) }
            } catch {
                if Task.isCancelled { return }
                logger.error("Folder of images cannot be read", metadata: ["folder": "\(folder.path)", "error": "\(error)"])
                isFolderReadable = false
            }
            await wait(until: isFolderReadable ? attempts.values.compactMap(\.next).min() : time.now() + Self.pauses.initial)
        }
    }

    private func wait(until deadline: Duration?) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [folder] in try? await folder.waitForChange() }
            if let deadline { group.addTask { [time] in try? await time.sleep(until: deadline) } }
            await group.next()
            group.cancelAll()
        }
    }

    /// Imports what has not been imported yet. Returns `nil` when there is nothing more to do for the archive as it is.
    private func take(_ entry: WatchedFolder.Entry, after last: Attempt?) async -> Attempt? {
        let path = "\(folder.path)/\(entry.name)"
        let stamp = stamp(entry.status)
        let current = store.index.current
        if let known = current.imports[path], known.stamp == stamp, known.images.allSatisfy({ current.images[$0] != nil }) { return nil }
        let last = last?.stamp == stamp ? last : nil
        if let last, last.next.map({ time.now() < $0 }) ?? true { return last }
        // Changes inside a folder in the folder are not reported: it may be completed any time.
        let isFolder = entry.status.kind == .directory
        do throws(ImageFailure) {
            let imported = try await store.importArchive(path, pins: true)
            let again = imported.hasSubstitutes && isFolder
            if !again { try await store.remember(path, StoreIndex.Import(stamp: stamp, images: imported.images.map(\.id))) }
            let names = imported.images.flatMap { $0.names.isEmpty ? [$0.id] : $0.names }.joined(separator: ", ")
            if last?.outcome != names {
                logger.notice("Images are imported and pinned", metadata: ["file": "\(path)", "images": "\(names)"])
            }
            return again ? attempt(stamp, names, after: last, isRepeated: true) : nil
        } catch {
            // The message of a full disk has another number each time.
            let outcome = error.code == .pullFailed ? error.message : "\(error.code)"
            if last?.outcome != outcome, !Task.isCancelled {
                logger.error("Archive of images cannot be imported", metadata: ["file": "\(path)", "error": "\(error)"])
                onFailure(error.message)
            }
            return attempt(stamp, outcome, after: last, isRepeated: isFolder || error.code != .pullFailed)
        }
    }

    private func attempt(_ stamp: String, _ outcome: String, after last: Attempt?, isRepeated: Bool) -> Attempt {
        var pause = last?.pause ?? Self.pauses
        let next = pause.next()
        return Attempt(stamp: stamp, outcome: outcome, pause: pause, next: isRepeated ? time.now() + next : nil)
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
