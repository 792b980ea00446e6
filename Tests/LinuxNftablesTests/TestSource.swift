import LinuxNetlink
import ProxyCore
import Synchronization

/// A source whose snapshot the test sets.
final class TestSource: ServiceSource {
    private let latest = Mutex<ServiceSnapshot?>(nil)
    private let listeners = Mutex<[AsyncStream<Void>.Continuation]>([])

    init(_ snapshot: ServiceSnapshot? = nil) {
        latest.withLock { $0 = snapshot }
    }

    func set(_ snapshot: ServiceSnapshot?) {
        latest.withLock { $0 = snapshot }
        for listener in listeners.withLock({ $0 }) { listener.yield() }
    }

    func snapshot() async -> ServiceSnapshot? { latest.withLock { $0 } }

    func changes() async -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        listeners.withLock { $0.append(continuation) }
        return stream
    }
}

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
