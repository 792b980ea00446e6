import Glibc
import Synchronization

/// A folder of files that other programs write, with its changes (inotify). The folder may be missing, and may come later.
package final class WatchedFolder: Sendable {
    private struct Watches {
        var folder: Inotify.Watch?
        var parent: Inotify.Watch?
    }

    package let path: String
    private let largest: Int
    private let inotify: Inotify
    private let watches = Mutex(Watches())

    /// - Parameter largest: bytes of the largest file that is read.
    package init(_ path: String, largest: Int) throws(SystemError) {
        self.path = path
        self.largest = largest
        inotify = try Inotify()
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
        guard try watch() else { return nil }
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
        // Whatever else has happened by then: each change asks for a look at everything.
        var events = inotify.makeAsyncIterator()
        _ = try await events.next()
    }

    /// Watches the folder, or the one above it for as long as the folder is missing. Returns whether it is there.
    private func watch() throws(SystemError) -> Bool {
        if try watchFolder() { return true }
        let parent = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        guard let watch = try add(parent, [.create, .movedTo, .onlyDirectory]) else { return false }
        replace(with: Watches(parent: watch))
        // It may have been made before the folder above it was watched.
        return try watchFolder()
    }

    private func watchFolder() throws(SystemError) -> Bool {
        // A folder that was replaced since is another one: its watch is new.
        guard let watch = try add(path, [.directoryContent, .attributes, .deleteSelf, .moveSelf, .onlyDirectory]) else { return false }
        replace(with: Watches(folder: watch))
        return true
    }

    /// Returns `nil` if nothing has this path.
    private func add(_ path: String, _ mask: Inotify.Mask) throws(SystemError) -> Inotify.Watch? {
        do throws(SystemError) {
            return try inotify.add(path, mask)
        } catch {
            guard error.is(ENOENT) else { throw error }
            return nil
        }
    }

    private func replace(with new: Watches) {
        let old = watches.withLock { watches in
            defer { watches = new }
            return watches
        }
        for watch in [old.folder, old.parent].compactMap({ $0 }) where watch != new.folder && watch != new.parent { inotify.remove(watch) }
    }
}
