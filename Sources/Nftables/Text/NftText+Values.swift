import Addresses

extension NftText {
    static func text(of element: Element, of schema: SetSchema, in family: TableFamily) -> String {
        let key = text(of: element.key, types: schema.key.types(in: family))
        switch element.value {
        case .member: return key
        case .through(let last): return ranges(from: element.key, through: last, types: schema.key.types(in: family))
        case .verdict(let verdict): return "\(key) : \(verdict.text)"
        case .data(let data):
            guard case .data(let fields) = schema.value else { return key }
            return "\(key) : " + text(of: data, types: fields.types(in: family))
        }
    }

    /// `10.96.0.1 . tcp . 80`
    package static func text(of bytes: PackedBytes, types: [DataType]) -> String {
        var offset = 0
        var parts: [String] = []
        for type in types where offset + type.length <= bytes.count {
            parts.append(text(of: bytes[offset..<(offset + type.length)], type: type))
            offset += type.paddedLength
        }
        return parts.joined(separator: " . ")
    }

    static func text(of bytes: [UInt8], type: DataType) -> String {
        switch type {
        case .ipv4, .ipv6: IPAddress(bytes: bytes)?.description ?? ""
        case .protocolNumber: [1: "icmp", 6: "tcp", 17: "udp", 132: "sctp"][bytes[0]] ?? "\(bytes[0])"
        case .port: "\(UInt16(bytes[0]) << 8 | UInt16(bytes[1]))"
        case .integer: "\(hostWord(bytes))"
        case .mark: "0x" + hexadecimal(hostWord(bytes), digits: 8)
        case .interfaceName: String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    private static func ranges(from first: PackedBytes, through last: PackedBytes, types: [DataType]) -> String {
        var offset = 0
        var parts: [String] = []
        for type in types where offset + type.length <= min(first.count, last.count) {
            let field = offset..<(offset + type.length)
            parts.append(range(from: first[field], through: last[field], type: type))
            offset += type.paddedLength
        }
        return parts.joined(separator: " . ")
    }

    /// `10.244.0.0/16` when the range is one prefix, else `first-last`.
    private static func range(from start: [UInt8], through end: [UInt8], type: DataType) -> String {
        if start == end { return text(of: start, type: type) }
        for length in 0..<(start.count * 8) where isPrefix(start, end, length: length) {
            return "\(text(of: start, type: type))/\(length)"
        }
        return "\(text(of: start, type: type))-\(text(of: end, type: type))"
    }

    private static func isPrefix(_ start: [UInt8], _ end: [UInt8], length: Int) -> Bool {
        (0..<(start.count * 8)).allSatisfy { bit in
            let low = start[bit / 8] >> (7 - UInt8(bit % 8)) & 1
            let high = end[bit / 8] >> (7 - UInt8(bit % 8)) & 1
            return bit < length ? low == high : (low == 0 && high == 1)
        }
    }

    private static func hostWord(_ bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) } }

    static func hexadecimal(_ value: UInt32, digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
