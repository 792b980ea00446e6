import LinuxNetlink
import ProxyCore

/// The kernel's conntrack table behind the proxy's port.
struct TestConntrack: ConntrackCleaner {
    let table: ConntrackTable

    func deleteStaleFlows(_ wanted: [Frontend: Set<Endpoint.Target>]) async throws -> Int {
        try await table.deleteFlows(transport: TransportProtocol.udp.rawValue) { flow in
            guard let address = ProxyCore.IPAddress(bytes: flow.original.destination.bytes),
                let answering = ProxyCore.IPAddress(bytes: flow.reply.source.bytes),
                let targets = wanted[Frontend(address: address, transport: .udp, port: flow.original.destinationPort)]
            else { return false }
            return !targets.contains(Endpoint.Target(address: answering, port: flow.reply.sourcePort))
        }
    }
}
