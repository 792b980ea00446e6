package import Addresses

/// A 48-bit link address.
package struct MACAddress: Sendable, Hashable, LosslessStringConvertible {
    /// Six bytes.
    package let bytes: [UInt8]

    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 6 else { return nil }
        self.bytes = Array(bytes)
    }

    /// `0a:58:0a:00:00:01`
    package init?(_ description: String) {
        let parts = description.split(separator: ":", omittingEmptySubsequences: false)
        let bytes = parts.compactMap { $0.utf8.count == 2 ? UInt8($0, radix: 16) : nil }
        guard parts.count == 6, bytes.count == 6 else { return nil }
        self.bytes = bytes
    }

    /// A locally administered unicast address that belongs to an interface's IP address: the same for the same address, so
    /// that neighbours' caches stay right when an address is used again.
    package init(for address: IPAddress) {
        bytes = [0x0a, 0x58] + address.bytes.suffix(4)
    }

    package var description: String {
        bytes.map { byte in
            let text = String(byte, radix: 16)
            return text.utf8.count == 1 ? "0" + text : text
        }.joined(separator: ":")
    }
}
