/// The first chunk of an association or of its answer, in a packet of its own (RFC 9260). Kernels without SCTP track and translate it, too.
struct SCTPChunk {
    enum Kind: UInt8 {
        case initiation = 1
        case acknowledgement = 2
    }

    var kind: Kind
    var sourcePort: UInt16
    var destinationPort: UInt16
    /// The tag that the sender wants to see in answers. Not 0.
    var tag: UInt32
    /// The receiver's tag; 0 in an initiation.
    var verification: UInt32 = 0
    /// In a parameter that receivers may skip.
    var text = ""

    private static let fixedSize = 32
    private static let textParameter: UInt16 = 0xc000

    var bytes: [UInt8] {
        let words = Array(text.utf8)
        let parameter = words.isEmpty ? [] : Self.number(Self.textParameter) + Self.number(UInt16(words.count + 4)) + words
        let padding = [UInt8](repeating: 0, count: (4 - parameter.count % 4) % 4)
        var packet = Self.number(sourcePort) + Self.number(destinationPort) + Self.number(verification) + [0, 0, 0, 0]
        packet += [kind.rawValue, 0] + Self.number(UInt16(20 + parameter.count)) + Self.number(tag)
        packet += Self.number(UInt32(65536)) + Self.number(UInt16(1)) + Self.number(UInt16(1)) + Self.number(UInt32(1)) + parameter + padding
        withUnsafeBytes(of: Self.checksum(packet).littleEndian) { packet.replaceSubrange(8..<12, with: $0) }
        return packet
    }

    /// `nil` for other packets, and for one whose checksum is wrong.
    static func read(_ packet: some Collection<UInt8>) -> SCTPChunk? {
        var packet = Array(packet)
        guard packet.count >= fixedSize, let kind = Kind(rawValue: packet[12]) else { return nil }
        let sum = packet[8..<12].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        packet.replaceSubrange(8..<12, with: [0, 0, 0, 0])
        guard checksum(packet) == sum else { return nil }
        func number(_ offset: Int, _ count: Int) -> UInt32 { packet[offset..<(offset + count)].reduce(0) { $0 << 8 | UInt32($1) } }
        let end = min(packet.count, 12 + Int(number(14, 2)))
        return SCTPChunk(
            kind: kind, sourcePort: UInt16(number(0, 2)), destinationPort: UInt16(number(2, 2)), tag: number(16, 4), verification: number(4, 4),
            text: end > fixedSize + 4 ? String(decoding: packet[(fixedSize + 4)..<end], as: UTF8.self) : "")
    }

    /// CRC32c.
    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        var sum = UInt32.max
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum & 1 == 0 ? sum >> 1 : sum >> 1 ^ 0x82f6_3b78 }
        }
        return ~sum
    }

    private static func number(_ value: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
}
