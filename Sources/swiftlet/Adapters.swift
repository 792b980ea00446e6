import Addresses
import KubeClient
import KubeModel
import Nftables
import NodeAgent
import NodeServer
import PodCore
import PodRuntime
import PodVolumes
import ProxyAgent
import ProxyCore
import ServiceLifecycle

extension ReviewClient: RequestReviewer {}

extension ServiceDirectory: ServiceListing {}

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

/// The proxy's state as the operator's socket gives it.
struct ProxyReport: ProxyView {
    let agent: ProxyAgent

    func snapshot() async -> ProxySnapshot {
        let status = agent.status
        var frontends: [ProxySnapshot.Frontend] = []
        for entry in agent.entries {
            for place in entry.frontends {
                let endpoints = entry.endpoints(at: place).map { "\($0.target.address):\($0.target.port)" }
                let address = place.frontend.address
                frontends.append(
                    ProxySnapshot.Frontend(
                        namespace: entry.name.namespace, service: entry.name.service, portName: entry.name.port, kind: place.kind.rawValue,
                        protocol: "\(entry.name.transport)".uppercased(), address: address.isUnspecified ? "" : "\(address)",
                        port: Int(place.frontend.port), endpoints: endpoints))
            }
        }
        return ProxySnapshot(lastSync: status.lastSync, problem: problem(status), frontends: frontends)
    }

    private func problem(_ status: ProxyStatus) -> String? { status.lastFailure ?? status.problems.first?.description }

    func explanation(of service: ObjectKey, port: String?, from client: String?) async -> String? {
        agent.explanation(of: service)?.text(port: port, from: client.flatMap { IPAddress($0) })
    }

    func rules() async -> String { agent.latestTables.map { NftText.text(of: $0) }.joined() }
}

extension ProxyReport: NodeServices {
    func services(matching text: String, limit: Int) async -> ServiceList {
        let status = agent.status
        let matches = agent.matches(ServiceSearch(text, limit: limit))
        return ServiceList(
            lastSync: status.lastSync, problem: problem(status), total: matches.total, matching: matches.matching,
            first: matches.first.map { match in ServiceList.Service(key: match.key, ports: match.entries.map(Self.port)) })
    }

    private static func port(_ entry: ServiceEntry) -> ServiceList.Port {
        let frontends = entry.frontends
        let addresses = frontends.prefix(ServiceList.longestList).map { place in
            let frontend = place.frontend
            if frontend.address.isUnspecified { return "\(place.kind.rawValue) \(frontend.port)" }
            return "\(place.kind.rawValue) \(Endpoint(address: frontend.address, port: frontend.port, isLocal: false))"
        }
        let name = entry.name.port.isEmpty ? "" : entry.name.port + " "
        return ServiceList.Port(
            name: "\(name)\(entry.name.transport) \(entry.port)", addresses: addresses, addressCount: frontends.count,
            endpoints: entry.endpoints.prefix(ServiceList.longestList).map(\.description), endpointCount: entry.endpoints.count)
    }
}

/// The images that this node's pods need.
struct NodeImageUsers: ImageUsers {
    let runtime: ShimRuntime
    let volumes: PodVolumes

    func usedImages() async throws(ImageFailure) -> UsedImages {
        do {
            return UsedImages(stacks: runtime.usedLayers, ids: try await volumes.imagesInVolumes())
        } catch {
            throw ImageFailure(.storeFailed, "the images in the volumes of pods are not known: \(error)")
        }
    }
}

/// The ways to make room on the node's disks.
struct NodeRoomMaker: NodeReclaim {
    let pods: PodManager
    let images: ImageCollector

    func removeDeadContainers() async { await pods.removeDeadContainers() }

    func removeUnusedImages() async -> Bool { await images.removeUnused() }
}
