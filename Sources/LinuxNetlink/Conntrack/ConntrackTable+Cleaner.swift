import Addresses
package import ProxyCore

extension ConntrackTable: ConntrackCleaner {
    package func delete(_ stale: StaleFlows) async throws -> Int {
        var deleted = 0
        for transport in TransportProtocol.allCases where stale.transports.contains(transport) {
            deleted += try await deleteFlows(transport: transport.number) { stale.contains(TrackedFlow($0, transport)) }
        }
        return deleted
    }
}

extension TrackedFlow {
    init(_ flow: ConntrackFlow, _ transport: TransportProtocol) {
        self.init(
            frontend: Frontend(address: flow.original.destination, transport: transport, port: flow.original.destinationPort),
            answering: Endpoint.Target(address: flow.reply.source, port: flow.reply.sourcePort), isTranslated: flow.isDestinationTranslated,
            isAnswered: flow.status.contains(.answered))
    }
}
