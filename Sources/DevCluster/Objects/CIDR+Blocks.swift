package import Addresses

/// Blocks of IPv4 addresses from which Services and nodes get theirs.
extension CIDR {
    /// Reads `10.96.0.0/16` and clears the bits behind the prefix; `nil` when the text is not a block of IPv4 addresses.
    package init?(ipv4Block text: String) {
        guard let block = CIDR(text), block.family == .v4 else { return nil }
        self = block.network
    }

    /// The number of addresses, with those of the network and the broadcast.
    var count: UInt64 { 1 << UInt64(family.bits - prefixLength) }

    /// The address at an offset from the first.
    func address(_ offset: UInt64) -> IPAddress { IPAddress(family: family, value: first.value + UInt128(offset)) }

    /// The first usable address that passes: neither the network's nor the broadcast's.
    func firstFree(where isFree: (String) -> Bool) -> String? {
        guard count > 2 else { return nil }
        for offset in 1..<(count - 1) {
            let text = address(offset).description
            if isFree(text) { return text }
        }
        return nil
    }

    /// The blocks of a smaller size inside this one.
    func subranges(prefixLength length: Int) -> [CIDR] {
        guard length >= prefixLength, length <= family.bits, length - prefixLength <= 16 else { return [] }
        return (0..<(UInt64(1) << UInt64(length - prefixLength))).compactMap {
            CIDR(address($0 << UInt64(family.bits - length)), prefixLength: length)
        }
    }
}
