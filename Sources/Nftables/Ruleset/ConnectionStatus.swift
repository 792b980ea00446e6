/// Bits of `ct status` (IPS_*).
package enum ConnectionStatus {
    package static let destinationTranslated: UInt32 = 32

    /// In the order in which nft writes them.
    static let names: [(bit: UInt32, name: String)] = [
        (1, "expected"), (2, "seen-reply"), (4, "assured"), (8, "confirmed"), (16, "snat"), (destinationTranslated, "dnat"), (512, "dying"),
    ]
}
