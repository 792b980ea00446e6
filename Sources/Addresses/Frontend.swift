/// The destination of clients' packets: an address, a protocol, a port.
package struct Frontend: Sendable, Hashable {
    /// An unspecified address stands for every address of its family.
    package let address: IPAddress
    package let transport: TransportProtocol
    package let port: UInt16

    package init(address: IPAddress, transport: TransportProtocol, port: UInt16) {
        self.address = address
        self.transport = transport
        self.port = port
    }

    /// The frontend of the same protocol and port at every address of the family.
    package var atEveryAddress: Frontend { Frontend(address: address.family.unspecified, transport: transport, port: port) }

    /// Whether some packet would be for both.
    package func overlaps(_ other: Frontend) -> Bool {
        atEveryAddress == other.atEveryAddress && (address == other.address || address.isUnspecified || other.address.isUnspecified)
    }
}

extension Frontend: CustomStringConvertible {
    /// `10.96.0.1:80/TCP`, `[::1]:53/UDP`
    package var description: String { "\(address.isV6 ? "[\(address)]" : "\(address)"):\(port)/\(transport)" }
}
