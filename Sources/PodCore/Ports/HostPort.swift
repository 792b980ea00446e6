package import Addresses

/// A port of the node that leads to a port of a pod: `hostPort` of a container with its neighbours.
package struct HostPort: Sendable, Hashable, Codable {
    /// The one address of the node that it is for; `nil` for all of them.
    package var hostIP: String?
    package var transport: TransportProtocol
    package var port: UInt16
    /// The container's port.
    package var target: UInt16

    package init(hostIP: String? = nil, transport: TransportProtocol = .tcp, port: UInt16, target: UInt16) {
        self.hostIP = hostIP
        self.transport = transport
        self.port = port
        self.target = target
    }
}

extension HostPort: CustomStringConvertible {
    /// `127.0.0.1:8080/TCP`, `[::1]:53/UDP`, `*:80/TCP`
    package var description: String {
        let host = hostIP.map { $0.utf8.contains(UInt8(ascii: ":")) ? "[\($0)]" : $0 } ?? "*"
        return "\(host):\(port)/\(transport)"
    }
}
