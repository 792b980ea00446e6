import CLinux
import Glibc

/// Removes a directory tree by descriptors. Symlinks are removed, never followed. Mount points inside stay, with the
/// directories above them, and are reported.
package enum TreeRemoval {
    /// The deepest level that is removed in place, as every level holds a descriptor. Deeper directories are moved up first, so that a pod
    /// cannot make a tree that cannot be removed.
    private static let deepest = 64
    /// How often a directory is listed until it is empty.
    private static let mostPasses = 3

    /// The state of one removal.
    private struct Progress {
        /// The first mount point.
        var mountPoint: String?
        /// The directory to move up into: the top of the tree.
        var top: OwnedFileDescriptor?
        /// Whether something has been moved there since it was last listed.
        var hasMoved = false
        var moves = 0
        /// Monotonic nanoseconds; `nil` for no limit.
        var deadline: Int64?
    }

    /// Removes `path` and everything below it. Nothing there is a success.
    ///
    /// Blocking. Throws `.crossesMount` with the first mount point met, after having removed all that could be.
    package static func remove(_ path: String) throws(SystemError) { try remove(path, within: nil) }

    /// Throws `.timedOut` after so long.
    private static func remove(_ path: String, within limit: Duration?) throws(SystemError) {
        let trimmed = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        guard let slash = trimmed.lastIndex(of: "/"), trimmed.index(after: slash) < trimmed.endIndex else {
            throw SystemError(code: .malformed, call: "remove", path: path, detail: "wanted an absolute path below /")
        }
        let parentPath = trimmed[..<slash].isEmpty ? "/" : String(trimmed[..<slash])
        let name = String(trimmed[trimmed.index(after: slash)...])
        let parent: OwnedFileDescriptor
        do throws(SystemError) {
            parent = try .open(parentPath, O_RDONLY | O_DIRECTORY)
        } catch {
            if error.isNotFound { return }
            throw error
        }
        guard let entry = FileName(name) else { throw noName(name, trimmed) }
        try remove(entry, in: parent, path: trimmed, within: limit)
    }

    /// Removes as much as it can in a while. Returns whether all of it is gone; another call goes on with the rest. Blocking.
    package static func advance(_ path: String, within limit: Duration) throws(SystemError) -> Bool {
        do throws(SystemError) {
            try remove(path, within: limit)
            return true
        } catch {
            guard error.code == .timedOut else { throw error }
            return false
        }
    }

    private static func noName(_ name: String, _ path: String) -> SystemError {
        SystemError(code: .malformed, call: "remove", path: path, detail: "found \"\(name)\", wanted the name of one entry")
    }

    /// Removes the entry `name` of an open directory, with everything below it.
    package static func remove(_ name: String, in directory: OwnedFileDescriptor, path: String) throws(SystemError) {
        guard let entry = FileName(name) else { throw noName(name, path) }
        try remove(entry, in: directory, path: path)
    }

    /// Like the above, for a name that may not be UTF-8.
    /// - Parameter path: for messages.
    package static func remove(_ name: FileName, in directory: OwnedFileDescriptor, path: String) throws(SystemError) {
        try remove(name, in: directory, path: path, within: nil)
    }

    private static func remove(
        _ name: FileName, in directory: OwnedFileDescriptor, path: String, within limit: Duration?
    ) throws(SystemError) {
        var progress = Progress()
        progress.deadline = limit.map { KernelClock.monotonic + $0.nanoseconds }
        _ = try removeEntry(name, in: directory, path: path, depth: 0, &progress)
        if let mountPoint = progress.mountPoint {
            throw SystemError(
                code: .crossesMount, call: "remove", path: path, errno: EXDEV,
                detail: "\(mountPoint) is a mount point; unmount it first")
        }
    }

    /// Whether the entry is gone. When it is not, a mount point is in the way.
    private static func removeEntry(
        _ name: FileName, in directory: OwnedFileDescriptor, path: String, depth: Int, _ progress: inout Progress
    ) throws(SystemError) -> Bool {
        // unlinkat first: it is right for everything but directories, and needs no look at what there is.
        if let done = try unlink(name, in: directory, path: path, flags: 0, &progress) { return done }
        if depth >= deepest, let top = progress.top { return try moveUp(name, from: directory, to: top, path: path, &progress) }
        let opened: OwnedFileDescriptor
        do throws(SystemError) {
            opened = try SafePath(root: directory)
                .open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, rules: [.beneath, .noSymlinks, .noMountCrossing])
        } catch {
            if error.is(ENOENT) { return true }
            guard error.is(EXDEV) else { throw error }
            progress.mountPoint = progress.mountPoint ?? path
            return false
        }
        if depth == 0 { progress.top = opened }
        var passes = 0
        while true {
            // Only the top lists again after a move, so only the top forgets.
            if depth == 0 { progress.hasMoved = false }
            let isEmpty = try empty(opened, path: path, depth: depth, &progress)
            if depth == 0, progress.hasMoved { continue }
            guard isEmpty else { return false }
            do throws(SystemError) {
                return try unlink(name, in: directory, path: path, flags: SWL_AT_REMOVEDIR, &progress) ?? false
            } catch {
                // A file system may pass an entry over while others are removed.
                passes += 1
                guard error.is(ENOTEMPTY), passes < mostPasses else { throw error }
            }
        }
    }

    /// Removes what is in a directory, which a pod may have made of any size. Whether all of it is gone.
    private static func empty(
        _ directory: OwnedFileDescriptor, path: String, depth: Int, _ progress: inout Progress
    ) throws(SystemError) -> Bool {
        var isEmpty = true
        try DirectoryListing.parts(of: directory) { (entries) throws(SystemError) in
            for entry in entries {
                let isGone = try removeEntry(entry, in: directory, path: path + "/\(entry)", depth: depth + 1, &progress)
                isEmpty = isEmpty && isGone
                // Behind a removal, so that each call gets on.
                if let deadline = progress.deadline, KernelClock.monotonic >= deadline {
                    throw SystemError(code: .timedOut, call: "remove", path: path, errno: ETIMEDOUT, detail: "there are more files than time")
                }
            }
        }
        return isEmpty
    }

    private static func moveUp(
        _ name: FileName, from directory: OwnedFileDescriptor, to top: OwnedFileDescriptor, path: String, _ progress: inout Progress
    ) throws(SystemError) -> Bool {
        while true {
            progress.moves += 1
            let target = ".removing-\(progress.moves)"
            do throws(SystemError) {
                try systemCall("renameat2", path) {
                    directory.withRawValue { from in
                        top.withRawValue { swl_renameat2(from, name.cString, $0, target, SWL_RENAME_NOREPLACE) }
                    }
                }
                progress.hasMoved = true
                return true
            } catch {
                if error.is(ENOENT) { return true }
                if error.is(EEXIST) { continue }
                guard error.is(EBUSY) || error.is(EXDEV) else { throw error }
                progress.mountPoint = progress.mountPoint ?? path
                return false
            }
        }
    }

    /// `nil` if it is a directory, whose removal takes `SWL_AT_REMOVEDIR`.
    private static func unlink(
        _ name: FileName, in directory: OwnedFileDescriptor, path: String, flags: Int32, _ progress: inout Progress
    ) throws(SystemError) -> Bool? {
        do throws(SystemError) {
            try systemCall("unlinkat", path) { directory.withRawValue { unlinkat($0, name.cString, flags) } }
            return true
        } catch {
            if error.is(ENOENT) { return true }
            if error.is(EBUSY) {
                progress.mountPoint = progress.mountPoint ?? path
                return false
            }
            if flags == 0, error.is(EISDIR) || error.is(EPERM) { return nil }
            throw error
        }
    }
}
