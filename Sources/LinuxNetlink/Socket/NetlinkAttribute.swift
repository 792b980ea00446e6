/// One attribute of a received message. Accessors answer `nil` when the content has another length than asked for.
package struct NetlinkAttribute: Sendable {
    /// The type without the nested and byte order flags.
    package let type: UInt16
    package let bytes: ArraySlice<UInt8>

    /// NLA_TYPE_MASK, which the importer cannot evaluate.
    static let typeMask: UInt16 = 0x3fff

    package func value<T: FixedWidthInteger & BitwiseCopyable>(as type: T.Type) -> T? {
        guard bytes.count == MemoryLayout<T>.size else { return nil }
        return bytes.withUnsafeBytes { $0.loadUnaligned(as: type) }
    }

    /// A C structure at the start of the content. Shorter content (an older kernel) is filled up with zeros.
    package func structure<T: BitwiseCopyable>(_ zero: T) -> T {
        var result = zero
        withUnsafeMutableBytes(of: &result) { target in
            bytes.withUnsafeBytes { target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0.prefix(target.count))) }
        }
        return result
    }

    package var uint8: UInt8? { value(as: UInt8.self) }
    package var uint16: UInt16? { value(as: UInt16.self) }
    package var uint32: UInt32? { value(as: UInt32.self) }
    package var uint64: UInt64? { value(as: UInt64.self) }
    package var bigEndian16: UInt16? { uint16.map(UInt16.init(bigEndian:)) }
    package var bigEndian32: UInt32? { uint32.map(UInt32.init(bigEndian:)) }
    package var bigEndian64: UInt64? { uint64.map(UInt64.init(bigEndian:)) }

    /// Text up to the first NUL.
    package var string: String { String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) }

    /// The attributes inside a nested attribute.
    package var nested: NetlinkAttributes { NetlinkAttributes(bytes) }
}
