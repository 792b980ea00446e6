/// The kind of route that an address has on this node, `fib daddr type`. Raw values are the kernel's (RTN_*).
package enum AddressKind: UInt32, Sendable, Hashable {
    case unicast = 1
    /// An address of the node itself.
    case local = 2
    case broadcast = 3
    case multicast = 5

    /// The value that a rule compares with.
    package var packed: PackedBytes {
        var bytes = PackedBytes()
        bytes.append(host: rawValue)
        return bytes
    }
}
