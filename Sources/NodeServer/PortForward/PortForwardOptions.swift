import HTTPTypes

/// The ports in the query of a forward over a plain WebSocket, which has two channels for each of them.
package struct PortForwardOptions: Sendable, Hashable {
    /// Channels are numbered by one byte.
    private static let mostPorts = 127

    package let ports: [UInt16]

    package init(_ target: RequestTarget) throws(Refusal) {
        let values = target.values("port")
        guard !values.isEmpty else { throw Refusal(.badRequest, "query parameter \"port\" is required\n") }
        var ports: [UInt16] = []
        for value in values {
            guard !value.isEmpty else { throw Refusal(.badRequest, "query parameter \"port\" cannot be empty\n") }
            for part in value.split(separator: ",", omittingEmptySubsequences: false) {
                guard part.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(part) else {
                    throw Refusal(.badRequest, "unable to parse \"\(value)\" as a port: wanted a number up to 65535\n")
                }
                guard port > 0 else { throw Refusal(.badRequest, "port \"\(value)\" must be > 0\n") }
                ports.append(port)
            }
        }
        guard ports.count <= Self.mostPorts else { throw Refusal(.badRequest, "\(ports.count) ports, wanted at most \(Self.mostPorts)\n") }
        self.ports = ports
    }
}
