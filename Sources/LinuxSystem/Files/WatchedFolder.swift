import Glibc
import Synchronization

/// A folder of files that other programs write, with its changes (inotify). The folder may be missing, and may come later.
///
/// Where the kernel gives no inotify instance or watch, the folder is compared every few seconds instead.
package final class WatchedFolder: Sendable {
    private struct Watches {
        var folder: Inotify.Watch?
        var parent: Inotify.Watch?
    }

    private struct State {
        var inotify: Inotify?
        var watches = Watches()
        /// Of a folder without a watch: how it looked at the last reading.
        var unwatched: [Entry]?
        var isReported = false
    }

    /// Between two looks at a folder without a watch.
    private static let pause = Duration.seconds(3)

    package let path: String
    private let largest: Int
    private let makeInotify: @Sendable () throws(SystemError) -> Inotify
    private let onUnwatched: @Sendable (_ problem: String) -> Void
    private let state = Mutex(State())

    /// - Parameters:
    ///   - largest: bytes of the largest file that is read.
    ///   - makeInotify: gives the instance; it is called again at each reading that finds none.
    ///   - onUnwatched: gets the first problem that leaves the folder without a watch.
    package init(
        _ path: String, largest: Int,
        makeInotify: @escaping @Sendable () throws(SystemError) -> Inotify = { () throws(SystemError) in try Inotify() },
        onUnwatched: @escaping @Sendable (_ problem: String) -> Void = { _ in }
    ) {
        self.path = path
        self.largest = largest
        self.makeInotify = makeInotify
        self.onUnwatched = onUnwatched
        // Before the first reading: instances may be used up by then.
        _ = instance()
    }

    private func instance() -> Inotify? {
        if let inotify = state.withLock({ $0.inotify }) { return inotify }
        do throws(SystemError) {
            let made = try makeInotify()
            return state.withLock { state in
                if state.inotify == nil { state.inotify = made }
                return state.inotify
            }
        } catch {
            report(error)
            return nil
        }
    }

    private func report(_ error: SystemError) {
        let isFirst = state.withLock { state in
            defer { state.isReported = true }
            return !state.isReported
        }
        if isFirst { onUnwatched(Inotify.explanation(of: error)) }
    }

    /// Calls `body` with each file in the order of the names, and returns its results; none if there is no folder. Folders within it and names
    /// that begin with a dot are left out. Every change after the beginning of this call ends `waitForChange`. Blocking.
    package func read<Result>(_ body: (_ name: String, SettledFile) -> Result) throws(SystemError) -> [Result] {
        guard let (directory, names) = try open() else { return [] }
        return names.compactMap { name in SettledFile.read(name, in: directory, largest: largest).map { body(name, $0) } }
    }

    /// Returns the folder's files and folders in the order of their names, with symbolic links followed; none if there is no folder. Names that begin
    /// with a dot, and what is gone already, are left out. `waitForChange` is as after `read`. Blocking.
    package func list() throws(SystemError) -> [Entry] {
        guard let (directory, names) = try open() else { return [] }
        return try entries(names, in: directory)
    }

    private func entries(_ names: [String], in directory: OwnedFileDescriptor) throws(SystemError) -> [Entry] {
        var entries: [Entry] = []
        for name in names {
            guard let status = try FileStatus.ifPresent("\(path)/\(name)", follow: true) else { continue }
            var isBeingWritten = false
            // Nothing but regular files is opened: opening anything else may block or do something.
            if status.kind == .file { isBeingWritten = try directory.openAt(name, O_RDONLY | O_NONBLOCK).hasWriter }
            entries.append(Entry(name: name, status: status, isBeingWritten: isBeingWritten))
        }
        return entries
    }

    /// A file or folder in the folder.
    package struct Entry: Sendable, Equatable {
        package let name: String
        package let status: FileStatus
        /// Whether a program has the file open for writing: its content may be half of what it will be.
        package let isBeingWritten: Bool
    }

    /// Watches and opens the folder, with its names in order but those that begin with a dot; `nil` if there is no folder.
    private func open() throws(SystemError) -> (directory: OwnedFileDescriptor, names: [String])? {
        // Before the first file is read: a change while the files are being read is reported.
        if let inotify = instance() {
            do throws(SystemError) {
                let isThere = try watch(by: inotify)
                state.withLock { $0.unwatched = nil }
                return try isThere ? content() : nil
            } catch {
                guard error.call == "inotify_add_watch", error.is(ENOSPC) else { throw error }
                report(error)
            }
        }
        let found = try content()
        // An entry that cannot be looked at leaves an empty list here: the next look differs from it, and the folder is read again.
        let look = found.flatMap { try? entries($0.names, in: $0.directory) } ?? []
        state.withLock { $0.unwatched = look }
        return found
    }

    private func content() throws(SystemError) -> (directory: OwnedFileDescriptor, names: [String])? {
        let directory: OwnedFileDescriptor
        do throws(SystemError) {
            directory = try .open(path, O_RDONLY | O_DIRECTORY)
        } catch {
            guard error.is(ENOENT) else { throw error }
            return nil
        }
        return (directory, try DirectoryListing.names(of: directory).filter { !$0.hasPrefix(".") }.sorted())
    }

    /// Returns when something in the folder has changed since the last `read` began. One caller at a time.
    package func waitForChange() async throws {
        let (inotify, unwatched) = state.withLock { ($0.inotify, $0.unwatched) }
        guard let inotify, unwatched == nil else { return try await waitForDifference(to: unwatched ?? []) }
        // Whatever else has happened by then: each change asks for a look at everything.
        var events = inotify.makeAsyncIterator()
        _ = try await events.next()
    }

    private func waitForDifference(to known: [Entry]) async throws {
        while true {
            try await ReadinessLoop.shared().pause(Self.pause)
            // An error is a difference as well: the next reading gets it.
            let found = try? await BlockingPool.shared.run("look into a folder", on: path, deadline: .seconds(60)) { [self] in
                try content().map { (found) throws(SystemError) in try entries(found.names, in: found.directory) } ?? []
            }
            if found != known { return }
        }
    }

    /// Watches the folder, or the one above it for as long as the folder is missing. Returns whether it is there.
    private func watch(by inotify: Inotify) throws(SystemError) -> Bool {
        if try watchFolder(by: inotify) { return true }
        let parent = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        guard let watch = try add(inotify, parent, [.create, .movedTo, .onlyDirectory]) else { return false }
        replace(inotify, with: Watches(parent: watch))
        // It may have been made before the folder above it was watched.
        return try watchFolder(by: inotify)
    }

    private func watchFolder(by inotify: Inotify) throws(SystemError) -> Bool {
        // A folder that was replaced since is another one: its watch is new.
        guard let watch = try add(inotify, path, [.directoryContent, .attributes, .deleteSelf, .moveSelf, .onlyDirectory]) else { return false }
        replace(inotify, with: Watches(folder: watch))
        return true
    }

    /// Returns `nil` if nothing has this path.
    private func add(_ inotify: Inotify, _ path: String, _ mask: Inotify.Mask) throws(SystemError) -> Inotify.Watch? {
        do throws(SystemError) {
            return try inotify.add(path, mask)
        } catch {
            guard error.is(ENOENT) else { throw error }
            return nil
        }
    }

    private func replace(_ inotify: Inotify, with new: Watches) {
        let old = state.withLock { state in
            defer { state.watches = new }
            return state.watches
        }
        for watch in [old.folder, old.parent].compactMap({ $0 }) where watch != new.folder && watch != new.parent { inotify.remove(watch) }
    }
}
