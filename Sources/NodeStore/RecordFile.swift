import Crypto
import KubeModel
package import PodCore

/// The bytes of a record's file: a header of three lines, an empty line, the content.
///
/// The lines are the format with its version, the record's name, and the content's length with the checksum of name and content (SHA-256).
package struct RecordFile: Sendable, Equatable {
    static let magic = "swiftlet-record"
    static let version = 1

    package let name: RecordName
    package let content: [UInt8]

    package init(name: RecordName, content: [UInt8]) {
        self.name = name
        self.content = content
    }

    package var bytes: [UInt8] {
        let name = Self.text(of: name)
        let checksum = Self.checksum(name, content)
        return Array("\(Self.magic) \(Self.version)\n\(name)\n\(content.count) \(checksum)\n\n".utf8) + content
    }

    package init(_ bytes: [UInt8]) throws(RecordDamage) {
        var rest = bytes[...]
        guard let format = Self.line(&rest), format.first == Self.magic, format.count == 2 else { throw .noHeader }
        guard let version = Int(format[1]), "\(version)" == format[1] else { throw .version(found: format[1]) }
        guard version <= Self.version else { throw .newer(found: version) }
        guard version == Self.version else { throw .version(found: format[1]) }
        guard let name = Self.line(&rest), name.count == 1, let sum = Self.line(&rest), sum.count == 2, let length = Int(sum[0]),
            Self.line(&rest) == [""]
        else { throw .noHeader }
        guard rest.count == length else { throw .length(found: rest.count, wanted: length) }
        let content = Array(rest)
        guard Self.checksum(name[0], content) == sum[1] else { throw .checksum }
        guard let parsed = Self.name(name[0]) else { throw .noHeader }
        self.init(name: parsed, content: content)
    }

    /// Returns the words of the next line, `nil` when the line has no end or is not text.
    private static func line(_ rest: inout ArraySlice<UInt8>) -> [String]? {
        guard let end = rest.firstIndex(of: UInt8(ascii: "\n")), let text = String(validating: rest[..<end], as: UTF8.self) else { return nil }
        rest = rest[(end + 1)...]
        return text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    }

    private static func checksum(_ name: String, _ content: [UInt8]) -> String {
        var hash = SHA256()
        hash.update(data: Array(name.utf8))
        hash.update(data: [UInt8(ascii: "\n")])
        hash.update(data: content)
        return hash.finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private static func text(of name: RecordName) -> String {
        ([name.kind.rawValue] + name.parts.map(PercentCoding.encode)).joined(separator: "/")
    }

    private static func name(_ text: String) -> RecordName? {
        guard let kind = RecordName.Kind.allCases.first(where: { text.hasPrefix($0.rawValue + "/") }) else { return nil }
        let encoded = text.dropFirst(kind.rawValue.count + 1).split(separator: "/", omittingEmptySubsequences: false)
        let parts = encoded.compactMap { PercentCoding.decode($0) }
        return parts.count == encoded.count ? RecordName(kind, parts: parts) : nil
    }
}
