/// Walks over the fields of a protobuf message.
struct ProtobufReader {
    enum Value {
        case integer(UInt64)
        case bytes(ArraySlice<UInt8>)
    }

    private var rest: ArraySlice<UInt8>
    /// The bytes are no message: nothing that was read counts.
    private(set) var isBroken = false

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    /// The next field; nil at the end.
    mutating func next() -> (number: UInt64, value: Value)? {
        guard !rest.isEmpty, !isBroken, let tag = varint() else { return nil }
        switch tag & 7 {
        case 0:
            guard let value = varint() else { return nil }
            return (tag >> 3, .integer(value))
        case 1: return fixed(tag, 8)
        case 2:
            guard let length = varint(), length <= UInt64(rest.count) else { return broken() }
            return fixed(tag, Int(length))
        case 5: return fixed(tag, 4)
        default: return broken()
        }
    }

    private mutating func fixed(_ tag: UInt64, _ length: Int) -> (number: UInt64, value: Value)? {
        guard length <= rest.count else { return broken() }
        let bytes = rest.prefix(length)
        rest = rest.dropFirst(length)
        return (tag >> 3, .bytes(bytes))
    }

    private mutating func broken() -> (number: UInt64, value: Value)? {
        isBroken = true
        return nil
    }

    private mutating func varint() -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte = rest.popFirst() else { break }
            value |= UInt64(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return value }
        }
        isBroken = true
        return nil
    }
}
