import KubeClient
import KubeModel
import LinuxNetlink
import NodeServer
import PodCore
import ProxyAgent
import ProxyCore
import ServiceLifecycle
import Timing

extension ReviewClient: RequestReviewer {}

/// A long-lived part that only has a `run()`: ends when the group stops.
struct Part: ServiceLifecycle.Service {
    let body: @Sendable () async throws -> Void

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { try await body() }
        } catch is CancellationError {
            return
        }
    }
}

/// Deletes conntrack entries that the proxy no longer wants.
struct KernelConntrack: ConntrackCleaner {
    let table: ConntrackTable

    func deleteStaleFlows(_ wanted: [Frontend: Set<Endpoint.Target>]) async throws -> Int {
        let udp: UInt8 = 17
        return try await table.deleteFlows(transport: udp) { flow in
            guard let address = ProxyCore.IPAddress(bytes: flow.original.destination.bytes) else { return false }
            let frontend = Frontend(address: address, transport: .udp, port: flow.original.destinationPort)
            guard let targets = wanted[frontend] else { return false }
            guard let answering = ProxyCore.IPAddress(bytes: flow.reply.source.bytes) else { return false }
            return !targets.contains(Endpoint.Target(address: answering, port: flow.reply.sourcePort))
        }
    }
}

/// The proxy's state in the words of the operator's socket.
struct ProxyReport: ProxyView {
    let agent: ProxyAgent
    let time: any TimeSource

    func snapshot() async -> ProxySnapshot {
        let status = agent.status
        var frontends: [ProxySnapshot.Frontend] = []
        for entry in status.entries {
            let endpoints = entry.endpoints.map { "\($0.target.address):\($0.target.port)" }
            func add(_ kind: String, _ address: String, _ port: UInt16) {
                frontends.append(
                    ProxySnapshot.Frontend(
                        namespace: entry.name.namespace, service: entry.name.service, portName: entry.name.port, kind: kind,
                        protocol: "\(entry.name.transport)".uppercased(), address: address, port: Int(port), endpoints: endpoints))
            }
            add("ClusterIP", "\(entry.clusterIP)", entry.port)
            if let nodePort = entry.nodePort { add("NodePort", "", nodePort) }
        }
        let wall = time.wallTime()
        let lastSync = status.lastSync.map { wall.advanced(bySeconds: -$0.duration(to: .now).components.seconds) }
        return ProxySnapshot(lastSync: lastSync, problem: status.lastFailure ?? status.problems.first, frontends: frontends)
    }
}
