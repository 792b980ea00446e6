/// Up to 40 bytes in place: two IPv6 addresses with a protocol and a port, the longest concatenation that is used here.
/// Rulesets hold hundreds of thousands of these, so none of them lives on the heap.
package struct PackedBytes: Sendable, Hashable {
    package static let capacity = 40

    private var words: (UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0)
    private var length: UInt8 = 0

    package init() {}

    /// - Precondition: at most 40 bytes.
    package init(_ bytes: [UInt8]) { bytes.withUnsafeBytes { append($0) } }

    package init(_ bytes: some Collection<UInt8>) { self.init(Array(bytes)) }

    package var count: Int { Int(length) }

    private mutating func append(_ bytes: UnsafeRawBufferPointer) {
        let start = count
        precondition(start + bytes.count <= Self.capacity, "a set key or value has at most \(Self.capacity) bytes")
        withUnsafeMutableBytes(of: &words) { $0[start...].copyBytes(from: bytes) }
        length = UInt8(start + bytes.count)
    }

    private mutating func append(field bytes: UnsafeRawBufferPointer) {
        append(bytes)
        // The bytes behind the last one are zeros; the capacity is a multiple of four.
        length = (length + 3) & ~3
    }

    /// Adds one field of a concatenation, filled up with zeros to a multiple of four bytes.
    package mutating func append(field bytes: [UInt8]) { bytes.withUnsafeBytes { append(field: $0) } }

    /// A number in network byte order, padded.
    package mutating func append(bigEndian value: UInt16) { withUnsafeBytes(of: value.bigEndian) { append(field: $0) } }

    /// A number in host byte order, padded.
    package mutating func append(host value: UInt32) { withUnsafeBytes(of: value) { append(field: $0) } }

    package func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try withUnsafeBytes(of: words) { try body(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    }

    package var array: [UInt8] { withBytes(Array.init) }

    package subscript(range: Range<Int>) -> [UInt8] { withBytes { Array($0[range]) } }

    package static func == (left: PackedBytes, right: PackedBytes) -> Bool {
        left.length == right.length && left.words == right.words
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
        // Short keys, the great majority, end here.
        guard length > 16 else { return }
        hasher.combine(words.2)
        hasher.combine(words.3)
        hasher.combine(words.4)
    }
}

extension PackedBytes: Comparable {
    package static func < (left: PackedBytes, right: PackedBytes) -> Bool {
        left.withBytes { left in right.withBytes { left.lexicographicallyPrecedes($0) } }
    }

    /// The next value of the same length as an unsigned big-endian number; `nil` behind the highest.
    package var successor: PackedBytes? {
        var bytes = array
        for index in bytes.indices.reversed() {
            bytes[index] &+= 1
            if bytes[index] != 0 { return PackedBytes(bytes) }
        }
        return nil
    }

    /// The value before this one; `nil` before zero.
    package var predecessor: PackedBytes? {
        var bytes = array
        for index in bytes.indices.reversed() {
            bytes[index] &-= 1
            if bytes[index] != 0xff { return PackedBytes(bytes) }
        }
        return nil
    }
}
