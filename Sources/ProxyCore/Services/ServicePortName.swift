package import Addresses

/// Names one port of one Service.
package struct ServicePortName: Sendable, Hashable, CustomStringConvertible {
    package let namespace: String
    package let service: String
    /// Empty when the Service has one unnamed port.
    package let port: String
    package let transport: TransportProtocol

    package init(namespace: String, service: String, port: String, transport: TransportProtocol) {
        self.namespace = namespace
        self.service = service
        self.port = port
        self.transport = transport
    }

    /// `default/web:http/TCP`
    package var description: String { "\(namespace)/\(service)\(port.isEmpty ? "" : ":\(port)")/\(transport)" }
}

extension ServicePortName: Comparable {
    package static func < (left: ServicePortName, right: ServicePortName) -> Bool {
        (left.namespace, left.service, left.port, left.transport.number) < (right.namespace, right.service, right.port, right.transport.number)
    }
}
