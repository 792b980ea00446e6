/// A tar stream by hand, so that it may be as wrong as a test needs it.
struct TarArchive {
    private(set) var bytes: [UInt8] = []
    /// Magic word and version of each header.
    var magic = Array("ustar\u{0}00".utf8)

    struct Entry {
        var name: [UInt8]
        var type: Character = "0"
        var mode = 0o644
        var uid = 0
        var gid = 0
        var size: Int?
        var modified = 1_600_000_000
        /// The field of 12 bytes in place of `modified`.
        var rawModified: [UInt8]?
        var link: [UInt8] = []
        var major = 0
        var minor = 0
        var content: [UInt8] = []
    }

    mutating func add(_ entry: Entry) {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: [UInt8], _ at: Int, _ width: Int) {
            for (offset, byte) in text.prefix(width).enumerated() { header[at + offset] = byte }
        }
        func number(_ value: Int, _ width: Int) -> [UInt8] {
            let digits = String(value, radix: 8)
            return Array((String(repeating: "0", count: max(0, width - 1 - digits.count)) + digits).utf8)
        }
        put(entry.name, 0, 100)
        put(number(entry.mode, 8), 100, 8)
        put(number(entry.uid, 8), 108, 8)
        put(number(entry.gid, 8), 116, 8)
        put(number(entry.size ?? entry.content.count, 12), 124, 12)
        put(entry.rawModified ?? number(entry.modified, 12), 136, 12)
        put(Array("        ".utf8), 148, 8)
        header[156] = entry.type.asciiValue ?? 48
        put(entry.link, 157, 100)
        put(magic, 257, 8)
        put(number(entry.major, 8), 329, 8)
        put(number(entry.minor, 8), 337, 8)
        let sum = header.reduce(0) { $0 + Int($1) }
        put(Array(number(sum, 7)) + [0, 32], 148, 8)
        bytes += header + entry.content
        bytes += [UInt8](repeating: 0, count: (512 - entry.content.count % 512) % 512)
    }

    mutating func file(_ name: String, _ content: String = "x", mode: Int = 0o644, uid: Int = 0, gid: Int = 0) {
        add(Entry(name: Array(name.utf8), mode: mode, uid: uid, gid: gid, content: Array(content.utf8)))
    }

    mutating func directory(_ name: String, mode: Int = 0o755, uid: Int = 0, gid: Int = 0) {
        add(Entry(name: Array(name.utf8), type: "5", mode: mode, uid: uid, gid: gid))
    }

    mutating func symlink(_ name: String, to target: String) { add(Entry(name: Array(name.utf8), type: "2", mode: 0o777, link: Array(target.utf8))) }
    mutating func hardlink(_ name: String, to target: String) { add(Entry(name: Array(name.utf8), type: "1", link: Array(target.utf8))) }

    /// Pax records for the next entry.
    mutating func pax(_ records: [(String, [UInt8])]) {
        var content: [UInt8] = []
        for (key, value) in records {
            let body = Array(" \(key)=".utf8) + value + Array("\n".utf8)
            var length = body.count + 1
            while String(length).utf8.count + body.count != length { length = String(length).utf8.count + body.count }
            content += Array(String(length).utf8) + body
        }
        add(Entry(name: Array("pax".utf8), type: "x", content: content))
    }

    /// With the two empty blocks at the end.
    var finished: [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }
}
