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
        return ProxySnapshot(lastSync: status.lastSync, problem: status.lastFailure ?? status.problems.first?.description, frontends: frontends)
    }

    func explanation(of service: ObjectKey, port: String?, from client: String?) async -> String? {
        agent.explanation(of: service)?.text(port: port, from: client.flatMap { IPAddress($0) })
    }

    func rules() async -> String { agent.latestTables.map { NftText.text(of: $0) }.joined() }
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
