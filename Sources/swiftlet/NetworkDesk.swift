import NodeAgent
import NodeServer
import PodCore
import PodNetwork

/// The pod network as the operators' socket gives it.
struct NetworkDesk: NetworkView {
    let network: PodNetwork
    let cni: CNINetwork?
    let sandboxes: SandboxIndex

    func attachments() async throws -> NetworkAttachments {
        let found = if let cni { try await cni.attachments() } else { try await network.attachments() }
        let entries = found.map {
            NetworkAttachments.Attachment(
                sandbox: $0.sandboxID, namespace: $0.pod?.namespace ?? "", pod: $0.pod?.name ?? "", addresses: $0.addresses, link: $0.hostLink,
                mtu: $0.mtu, state: $0.state)
        }
        return NetworkAttachments(entries)
    }

    func check(fix: Bool) async throws -> NetworkCheck {
        guard cni == nil else {
            return NetworkCheck([
                NetworkCheck.Finding(
                    found: "the pods' network is made by CNI plugins", wanted: "the built-in bridge, for a look at it",
                    done: "nothing: ask the network's own tools")
            ])
        }
        let findings = try await network.check(fix: fix) { [sandboxes] in sandboxes.podUID(ofSandbox: $0) != nil }
        return NetworkCheck(findings.map { NetworkCheck.Finding(found: $0.found, wanted: $0.wanted, done: $0.done) })
    }
}
