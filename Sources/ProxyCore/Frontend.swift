/// Where clients send their packets: an address, a protocol, a port.
package struct Frontend: Sendable, Hashable {
    package let address: IPAddress
    package let transport: TransportProtocol
    package let port: UInt16

    package init(address: IPAddress, transport: TransportProtocol, port: UInt16) {
        self.address = address
        self.transport = transport
        self.port = port
    }
}
