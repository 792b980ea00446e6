import Glibc

/// The mounts of a mount namespace, as /proc/self/mountinfo lists them.
package struct MountTable: Sendable {
    /// One mount. Paths are unescaped.
    package struct Entry: Sendable, Hashable {
        package let id: UInt64
        package let parent: UInt64
        /// `major:minor`
        package let device: String
        /// The directory of the file system that is the root of this mount.
        package let root: String
        package let mountPoint: String
        package let options: [String]
        /// `shared:N`, `master:N`, ...; empty for a private mount.
        package let propagation: [String]
        package let type: String
        package let source: String
        package let superOptions: [String]

        /// Whether a server or another process answers for the file system, and calls may hang when it does not.
        package var isRemote: Bool {
            Self.remoteTypes.contains(type) || type == "fuse" || type.hasPrefix("fuse.")
        }

        private static let remoteTypes: Set<String> = ["nfs", "nfs4", "cifs", "smb3", "ceph", "9p", "afs", "lustre", "glusterfs", "virtiofs"]
    }

    /// In mount order: a later entry may cover an earlier one.
    package let entries: [Entry]

    /// Of the calling thread. Not /proc/self, which is the main thread and possibly another namespace.
    private static let own = "/proc/thread-self/mountinfo"

    /// The calling thread's mounts.
    package init() throws(SystemError) { try self.init(path: Self.own) }

    /// Only the calling thread's mounts on and below a path. Of the others, which are many on a node with many pods, nothing but the mount point is
    /// read.
    package init(under place: String) throws(SystemError) { try self.init(path: Self.own, under: place) }

    package init(path: String, under place: String? = nil) throws(SystemError) {
        try self.init(text: SmallFile.text(path, limit: 64 << 20), path: path, under: place)
    }

    /// - Parameters:
    ///   - path: of the table, for errors.
    ///   - place: only the mounts on and below it are taken; `nil` for all.
    package init(text: String, path: String = "mountinfo", under place: String? = nil) throws(SystemError) {
        var entries: [Entry] = []
        let place = place.map { Self.escape($0) }
        for line in text.utf8.split(separator: UInt8(ascii: "\n")) where place.map({ Self.isMount(line, under: $0) }) ?? true {
            guard let entry = Self.parse(line) else {
                throw SystemError(code: .malformed, call: "read", path: path, detail: "wanted a mountinfo line, found: \(Substring(line))")
            }
            entries.append(entry)
        }
        self.entries = entries
    }

    /// Whether the mount point of a line is on or below a place, which is written as the kernel writes it.
    private static func isMount(_ line: Substring.UTF8View, under place: [UInt8]) -> Bool {
        var rest = line.makeIterator()
        for _ in 0..<4 { while let byte = rest.next(), byte != blank {} }
        for byte in place where rest.next() != byte { return false }
        let next = rest.next()
        return next == blank || next == UInt8(ascii: "/") || place.last == UInt8(ascii: "/")
    }

    private static let blank = UInt8(ascii: " ")

    /// As the methods of the same names, of the calling thread's mounts.
    package static func mount(at path: String) throws(SystemError) -> Entry? { try MountTable(under: path).mount(at: path) }
    package static func mounts(under path: String) throws(SystemError) -> [Entry] { try MountTable(under: path).mounts(under: path) }

    /// The mount whose point is exactly `path`: the topmost one.
    package func mount(at path: String) -> Entry? { entries.last { $0.mountPoint == path } }

    /// Mounts on or below `path`, deepest and latest first: the order to unmount in.
    package func mounts(under path: String) -> [Entry] {
        let prefix = path.hasSuffix("/") ? path : path + "/"
        return entries.reversed().filter { $0.mountPoint == path || $0.mountPoint.hasPrefix(prefix) }
            .enumerated()
            .sorted { (depth($0.element), -$0.offset) > (depth($1.element), -$1.offset) }
            .map(\.element)
    }

    private func depth(_ entry: Entry) -> Int { entry.mountPoint.utf8.count { $0 == UInt8(ascii: "/") } }

    private static func parse(_ line: Substring.UTF8View) -> Entry? {
        // 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
        let fields = line.split(separator: blank, omittingEmptySubsequences: false).map { Substring($0) }
        guard fields.count >= 10, let id = UInt64(fields[0]), let parent = UInt64(fields[1]),
            let separator = fields[6...].firstIndex(of: "-"), fields.count >= separator + 4
        else { return nil }
        return Entry(
            id: id, parent: parent, device: String(fields[2]), root: unescape(fields[3]), mountPoint: unescape(fields[4]),
            options: fields[5].split(separator: ",").map(String.init), propagation: fields[6..<separator].map(String.init),
            type: String(fields[separator + 1]), source: unescape(fields[separator + 2]),
            superOptions: fields[separator + 3].split(separator: ",").map(String.init))
    }

    /// As the kernel writes a path: blank, tab, newline and backslash as three octal digits.
    private static func escape(_ path: String) -> [UInt8] {
        path.utf8.flatMap { byte -> [UInt8] in
            guard " \t\n\\".utf8.contains(byte) else { return [byte] }
            return [UInt8(ascii: "\\")] + [byte >> 6, byte >> 3 & 7, byte & 7].map { UInt8(ascii: "0") + $0 }
        }
    }

    private static func unescape(_ field: Substring) -> String {
        guard field.utf8.contains(UInt8(ascii: "\\")) else { return String(field) }
        var bytes: [UInt8] = []
        var rest = field.utf8[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            if byte == UInt8(ascii: "\\"), digits.count == 3, let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8) {
                bytes.append(value)
                rest.removeFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
