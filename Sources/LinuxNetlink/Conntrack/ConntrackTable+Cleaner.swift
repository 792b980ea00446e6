import Addresses
package import ProxyCore

extension ConntrackTable: ConntrackCleaner {
    package func delete(_ stale: StaleFlows) async throws -> Int {
        try await deleteFlows(transport: TransportProtocol.udp.number) { stale.contains(TrackedFlow($0)) }
    }
}

extension TrackedFlow {
    init(_ flow: ConntrackFlow) {
        self.init(
            frontend: Frontend(address: flow.original.destination, transport: .udp, port: flow.original.destinationPort),
            answering: Endpoint.Target(address: flow.reply.source, port: flow.reply.sourcePort), isTranslated: flow.isDestinationTranslated,
            isAnswered: flow.status.contains(.answered))
    }
}
