/// Reads what a `PackedWriter` of the same program has written, field by field in the same order.
package struct PackedReader {
    private let bytes: [UInt8]
    private var position = 0

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package mutating func byte() -> UInt8 {
        defer { position += 1 }
        return bytes[position]
    }

    @usableFromInline
    package mutating func count() -> Int {
        var result: UInt = 0
        var shift: UInt = 0
        while true {
            let byte = byte()
            result |= UInt(byte & 0x7f) << shift
            if byte < 0x80 { return Int(bitPattern: result) }
            shift += 7
        }
    }

    package mutating func flag() -> Bool? {
        let byte = byte()
        return byte == 0 ? nil : byte == 2
    }

    package mutating func number() -> Int? { byte() == 0 ? nil : count() }

    package mutating func text() -> String? {
        let count = count()
        guard count > 0 else { return nil }
        defer { position += count - 1 }
        return String(decoding: bytes[position..<(position + count - 1)], as: UTF8.self)
    }

    @inlinable
    package mutating func list<Element>(_ body: (inout PackedReader) -> Element) -> [Element]? {
        let count = count()
        guard count > 0 else { return nil }
        var result: [Element] = []
        result.reserveCapacity(count - 1)
        for _ in 1..<count { result.append(body(&self)) }
        return result
    }

    package mutating func number(bytes: Int) -> UInt128 {
        var result: UInt128 = 0
        for _ in 0..<bytes { result = result << 8 | UInt128(byte()) }
        return result
    }
}
