import CLinux
import Glibc
import LinuxSystem

/// Writes the files of a volume so that a container sees all of the old ones or all of the new ones.
///
/// The files are in a hidden directory with a time in its name; `..data` is a symlink to it, and each visible name a
/// symlink through `..data`. Renaming a new `..data` over the old one switches everything at once, and is what programs
/// in containers watch. Blocking.
struct AtomicVolumeWriter: Sendable {
    private static let dataName = "..data"
    private static let nextDataName = "..data_tmp"

    let path: String
    private let root: OwnedFileDescriptor

    /// - Parameter path: the volume's root, an existing directory. One writer at a time: two would remove each other's directories.
    init(path: String) throws(SystemError) {
        self.path = path
        root = try .open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    }

    /// - Returns: whether anything was written.
    @discardableResult
    func write(_ payload: FilePayload) throws(SystemError) -> Bool {
        let current = try dataDirectory()
        let before = try visibleBefore()
        try removeLeftovers(except: current)
        if let current, try matches(payload, in: current) {
            // Written completely before, but perhaps interrupted while the visible names were made or removed.
            try show(payload.visibleNames)
            try hide(before.subtracting(payload.visibleNames))
            return false
        }
        let next = try makeDataDirectory(payload)
        do throws(SystemError) {
            try fill(next.directory, payload)
            // New names first: they lead nowhere until the switch, while after it they would be missing.
            try show(payload.visibleNames)
            try remove(Self.nextDataName)
            try systemCall("symlinkat", path) { root.withRawValue { symlinkat(next.name, $0, Self.nextDataName) } }
            try systemCall("renameat", path) { root.withRawValue { renameat($0, Self.nextDataName, $0, Self.dataName) } }
        } catch {
            try? TreeRemoval.remove(next.name, in: root, path: path + "/" + next.name)
            throw error
        }
        try hide(before.subtracting(payload.visibleNames))
        if let current { try TreeRemoval.remove(current, in: root, path: path + "/" + current) }
        return true
    }

    // MARK: - The hidden directory

    /// The hidden directory that `..data` names. `nil` without one, and for any other target, which only another program can have made
    /// (CVE-2017-1002102): what the link names is removed later.
    private func dataDirectory() throws(SystemError) -> String? {
        // Two dots and a digit, of a year: the clock may be far off.
        guard let name = try link(Self.dataName), name.hasPrefix(".."), name.dropFirst(2).first?.isNumber == true, !name.contains("/") else {
            return nil
        }
        return name
    }

    private func makeDataDirectory(_ payload: FilePayload) throws(SystemError) -> (name: String, directory: OwnedFileDescriptor) {
        let prefix = Self.timestamp(KernelClock.realtime)
        while true {
            let name = prefix + String(UInt32.random(in: 0 ... .max))
            do throws(SystemError) {
                try systemCall("mkdirat", path + "/" + name) { root.withRawValue { mkdirat($0, name, 0o700) } }
            } catch {
                if error.is(EEXIST) { continue }
                throw error
            }
            let directory = try SafePath(root: root).open(name, O_RDONLY | O_DIRECTORY, rules: [.beneath, .noSymlinks])
            try own(directory, gid: payload.fsGroup, mode: payload.directoryMode)
            return (name, directory)
        }
    }

    private func fill(_ directory: OwnedFileDescriptor, _ payload: FilePayload) throws(SystemError) {
        let tree = SafePath(root: directory)
        var owned: Set<String> = []
        for (path, file) in payload.files {
            var parts = path.split(separator: "/").map(String.init)
            let name = parts.removeLast()
            var parent = directory
            for index in parts.indices {
                let prefix = parts[...index].joined(separator: "/")
                parent = try tree.makeDirectories(prefix, mode: payload.directoryMode)
                if owned.insert(prefix).inserted { try own(parent, gid: payload.fsGroup, mode: payload.directoryMode) }
            }
            let target = try parent.openAt(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
            try target.writeAll(file.content)
            try systemCall("fchown", path) { target.withRawValue { fchown($0, file.uid, file.gid) } }
            try systemCall("fchmod", path) { target.withRawValue { fchmod($0, file.mode) } }
        }
    }

    private func own(_ directory: OwnedFileDescriptor, gid: UInt32?, mode: UInt32) throws(SystemError) {
        if let gid { try systemCall("fchown", path) { directory.withRawValue { fchown($0, uid_t.max, gid) } } }
        try systemCall("fchmod", path) { directory.withRawValue { fchmod($0, mode) } }
    }

    /// Whether the directory holds exactly this payload, owners and modes included.
    private func matches(_ payload: FilePayload, in name: String) throws(SystemError) -> Bool {
        let directory: OwnedFileDescriptor
        do throws(SystemError) {
            directory = try SafePath(root: root).open(name, O_RDONLY | O_DIRECTORY, rules: [.beneath, .noSymlinks])
        } catch {
            if error.isNotFound || error.is(ELOOP) || error.is(EXDEV) { return false }
            throw error
        }
        var count = 0
        return try matches(directory, prefix: "", payload, &count) && count == payload.files.count
    }

    private func matches(
        _ directory: OwnedFileDescriptor, prefix: String, _ payload: FilePayload, _ count: inout Int
    ) throws(SystemError) -> Bool {
        let own = try FileStatus(of: directory)
        guard own.mode == payload.directoryMode, own.gid == payload.fsGroup ?? own.gid else { return false }
        for entry in try DirectoryListing.entries(of: directory) {
            // Keys are text; any other name was not written by this agent.
            guard let name = entry.text else { return false }
            let path = prefix + name
            let status = try FileStatus(of: name, in: directory)
            if status.kind == .directory {
                let inner = try directory.openAt(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
                guard try matches(inner, prefix: path + "/", payload, &count) else { return false }
                continue
            }
            guard let file = payload.files[path], status.kind == .file, status.mode == file.mode, status.uid == file.uid, status.gid == file.gid
            else { return false }
            // A pipe that has taken the file's place meanwhile does not hold the writer.
            let found = try directory.openAt(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
            guard try file.content.isRest(of: found) else { return false }
            count += 1
        }
        return true
    }

    // MARK: - The visible names

    /// The names that the last complete write made visible.
    private func visibleBefore() throws(SystemError) -> Set<String> {
        guard try link(Self.dataName) != nil else { return [] }
        var names: Set<String> = []
        for name in try DirectoryListing.names(of: root) where !name.hasPrefix("..") {
            if try link(name) == Self.dataName + "/" + name { names.insert(name) }
        }
        return names
    }

    private func show(_ names: Set<String>) throws(SystemError) {
        for name in names {
            let target = Self.dataName + "/" + name
            if try link(name) == target { continue }
            try systemCall("symlinkat", path + "/" + name) { root.withRawValue { symlinkat(target, $0, name) } }
        }
    }

    private func hide(_ names: Set<String>) throws(SystemError) {
        for name in names { try remove(name) }
    }

    /// Removes the leftovers of an interrupted write: hidden directories that `..data` does not name.
    private func removeLeftovers(except current: String?) throws(SystemError) {
        for name in try DirectoryListing.entries(of: root) where name.hasPrefix("..") {
            if [Self.dataName, Self.nextDataName, current].contains(name.text) { continue }
            try TreeRemoval.remove(name, in: root, path: path + "/\(name)")
        }
    }

    private func remove(_ name: String) throws(SystemError) {
        do throws(SystemError) {
            try systemCall("unlinkat", path + "/" + name) { root.withRawValue { unlinkat($0, name, 0) } }
        } catch {
            guard error.is(ENOENT) else { throw error }
        }
    }

    /// A symlink's target; `nil` without such a symlink.
    private func link(_ name: String) throws(SystemError) -> String? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        do throws(SystemError) {
            let count = try systemCall("readlinkat", path + "/" + name) {
                root.withRawValue { number in
                    buffer.withUnsafeMutableBytes { readlinkat(number, name, $0.bindMemory(to: CChar.self).baseAddress!, $0.count) }
                }
            }
            return String(decoding: buffer[..<count], as: UTF8.self)
        } catch {
            if error.is(ENOENT) || error.is(EINVAL) { return nil }
            throw error
        }
    }

    /// `..2006_01_02_15_04_05.` in UTC, as other agents name it.
    static func timestamp(_ nanoseconds: Int64) -> String {
        var seconds = time_t(nanoseconds / 1_000_000_000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        let fields = [Int(parts.tm_year) + 1900, Int(parts.tm_mon) + 1, Int(parts.tm_mday), Int(parts.tm_hour), Int(parts.tm_min), Int(parts.tm_sec)]
        return ".." + fields.map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: "_") + "."
    }
}
