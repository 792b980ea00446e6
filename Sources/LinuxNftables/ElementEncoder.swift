import CMnl
import CNftnl
import Nftables

/// Adds elements to a libnftnl set, which owns them from then on.
enum ElementEncoder {
    static func add(_ element: Element, to set: OpaquePointer, of schema: SetSchema, deletes: Bool) throws(NftablesError) {
        let made = try make(element.key)
        nftnl_set_elem_add(set, made)
        switch element.value {
        case .member: break
        case .data(let data):
            if !deletes { data.withBytes { _ = nftnl_set_elem_set(made, UInt16(NFTNL_SET_ELEM_DATA), $0.baseAddress, UInt32($0.count)) } }
        case .verdict(let verdict):
            if deletes { break }
            nftnl_set_elem_set_u32(made, UInt16(NFTNL_SET_ELEM_VERDICT), UInt32(bitPattern: verdict.code))
            if let chain = verdict.chain { nftnl_set_elem_set_str(made, UInt16(NFTNL_SET_ELEM_CHAIN), chain) }
        case .through(let last) where schema.isConcatenation:
            last.withBytes { _ = nftnl_set_elem_set(made, UInt16(NFTNL_SET_ELEM_KEY_END), $0.baseAddress, UInt32($0.count)) }
        case .through(let last):
            // The kernel knows ranges as a start and the first address behind; a range to the very end has no second.
            guard let behind = last.successor else { break }
            let end = try make(behind)
            nftnl_set_elem_set_u32(end, UInt16(NFTNL_SET_ELEM_FLAGS), NFT_SET_ELEM_INTERVAL_END.rawValue)
            nftnl_set_elem_add(set, end)
        }
    }

    /// At most this many bytes of a message, attribute headers included.
    static func sizeBound(of element: Element) -> Int {
        let key = 16 + element.key.count
        switch element.value {
        case .member: return key
        case .data(let data): return key + 8 + data.count
        case .verdict(let verdict): return key + 32 + (verdict.chain?.utf8.count ?? 0)
        case .through: return 2 * (key + 8)
        }
    }

    private static func make(_ key: PackedBytes) throws(NftablesError) -> OpaquePointer {
        guard let made = nftnl_set_elem_alloc() else { throw RuleEncoder.outOfMemory }
        key.withBytes { _ = nftnl_set_elem_set(made, UInt16(NFTNL_SET_ELEM_KEY), $0.baseAddress, UInt32($0.count)) }
        return made
    }
}
