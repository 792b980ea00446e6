package import Addresses

/// The first packet of a connection.
package struct ServicePacket: Sendable, Hashable, CustomStringConvertible {
    package var source: IPAddress
    package var destination: IPAddress
    package var port: UInt16
    package var transport: TransportProtocol
    /// Sent by the node itself.
    package var isFromNode: Bool
    /// Where it comes in, unless the node sends it.
    package var interface: String

    package init(
        source: IPAddress, destination: IPAddress, port: UInt16, transport: TransportProtocol = .tcp, isFromNode: Bool = false,
        interface: String = "eth0"
    ) {
        self.source = source
        self.destination = destination
        self.port = port
        self.transport = transport
        self.isFromNode = isFromNode
        self.interface = interface
    }

    package var description: String { "\(source) to \(destination) port \(port)/\(transport)" }
}
