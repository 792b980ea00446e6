import NIOCore

/// The names and values of a header block, before compression.
enum HeaderBlock {
    private static let mostHeaders = 100

    /// Names are in lower case, as the protocol wants.
    static func parse(_ bytes: [UInt8]) throws(SPDYViolation) -> [String: String] {
        var rest = ByteBuffer(bytes: bytes)
        guard let count: UInt32 = rest.readInteger(), count <= mostHeaders else {
            throw SPDYViolation("a header block with no count of headers up to \(mostHeaders)")
        }
        var headers: [String: String] = [:]
        for _ in 0..<count {
            guard let name = text(&rest), let value = text(&rest), !name.isEmpty else { throw SPDYViolation("a header block that ends early") }
            guard name == name.lowercased() else { throw SPDYViolation("a header's name in upper case") }
            guard headers.updateValue(value, forKey: name) == nil else { throw SPDYViolation("a header that comes twice") }
        }
        guard rest.readableBytes == 0 else { throw SPDYViolation("bytes behind a header block") }
        return headers
    }

    static func encode(_ headers: [String: String]) -> [UInt8] {
        var block = ByteBuffer()
        block.writeInteger(UInt32(headers.count))
        for (name, value) in headers.sorted(by: { $0.key < $1.key }) {
            for text in [name.lowercased(), value] {
                block.writeInteger(UInt32(text.utf8.count))
                block.writeString(text)
            }
        }
        return Array(block.readableBytesView)
    }

    private static func text(_ rest: inout ByteBuffer) -> String? {
        guard let length: UInt32 = rest.readInteger() else { return nil }
        return rest.readString(length: Int(length))
    }
}
