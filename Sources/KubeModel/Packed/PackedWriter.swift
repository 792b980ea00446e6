/// Writes fields one behind the other in few bytes. A number takes one byte for each seven bits, a text its length and its UTF-8, and a missing value
/// one byte. `PackedReader` reads them in the same order; nothing in the bytes says what they are.
package struct PackedWriter {
    private var content: [UInt8] = []

    package init() {}

    /// The fields written so far, in an array of exactly their size.
    package var bytes: [UInt8] { content.withUnsafeBufferPointer { Array($0) } }

    package mutating func put(byte: UInt8) { content.append(byte) }

    /// Of any size; a number below 128 takes one byte.
    @usableFromInline
    package mutating func put(count: Int) {
        var rest = UInt(bitPattern: count)
        while rest >= 0x80 {
            content.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        content.append(UInt8(truncatingIfNeeded: rest))
    }

    package mutating func put(_ flag: Bool?) { put(byte: flag.map { $0 ? 2 : 1 } ?? 0) }

    package mutating func put(_ number: Int?) {
        put(byte: number == nil ? 0 : 1)
        if let number { put(count: number) }
    }

    package mutating func put(_ text: String?) {
        guard let text else { return put(count: 0) }
        put(count: text.utf8.count + 1)
        content.append(contentsOf: text.utf8)
    }

    @inlinable
    package mutating func put<Element>(_ list: [Element]?, _ body: (inout PackedWriter, Element) -> Void) {
        guard let list else { return put(count: 0) }
        put(count: list.count + 1)
        for element in list { body(&self, element) }
    }

    /// The lowest bytes of a number.
    package mutating func put(_ number: UInt128, bytes: Int) {
        for place in (0..<bytes).reversed() { content.append(UInt8(truncatingIfNeeded: number >> UInt128(8 * place))) }
    }
}
