/// Bits of `ct state` (NF_CT_STATE_BIT of IP_CT_*).
package enum ConnectionState {
    package static let new: UInt32 = 8

    /// In the order in which nft writes them.
    static let names: [(bit: UInt32, name: String)] = [(1, "invalid"), (2, "established"), (4, "related"), (new, "new"), (64, "untracked")]
}
