/// The attributes in a piece of a message, in their order.
package struct NetlinkAttributes: Sequence, Sendable {
    package let bytes: ArraySlice<UInt8>

    package init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

    package struct Iterator: IteratorProtocol {
        var rest: ArraySlice<UInt8>

        package mutating func next() -> NetlinkAttribute? {
            let size: Int = rest.withUnsafeBytes { $0.count < 4 ? 0 : Int($0.loadUnaligned(as: UInt16.self)) }
            // A length below its own header or beyond the message ends the list, like the kernel's nla_ok.
            guard size >= 4, size <= rest.count else { return nil }
            let type = rest.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 2, as: UInt16.self) }
            let attribute = NetlinkAttribute(type: type & NetlinkAttribute.typeMask, bytes: rest[(rest.startIndex + 4)..<(rest.startIndex + size)])
            rest = rest.dropFirst(Swift.min((size + 3) & ~3, rest.count))
            return attribute
        }
    }

    package func makeIterator() -> Iterator { Iterator(rest: bytes) }

    /// The first attribute of this type. Each call walks the list: read long lists with `for`.
    package subscript(_ type: some BinaryInteger) -> NetlinkAttribute? { first { $0.type == type } }
}
