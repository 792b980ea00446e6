import Addresses
import LinuxNetlink
package import PodCore

extension PodNetwork {
    /// All sandboxes with their addresses and interfaces, in the order of their addresses.
    package func attachments() async throws(NetworkFailure) -> [NetworkReport.Attachment] {
        let (_, _, observed) = try await inspect()
        let bridge = observed.link(named: settings.bridge)?.index
        return assignments.sorted { ($0.value.first ?? Self.noAddress, $0.key) < ($1.value.first ?? Self.noAddress, $1.key) }.map { id, addresses in
            let name = PodInterface.hostName(sandboxID: id)
            let link = observed.link(named: name)
            return NetworkReport.Attachment(
                sandboxID: id, pod: identities[id], addresses: addresses.map(\.description), hostLink: name, mtu: link?.mtu,
                state: attached.contains(id) ? Self.state(link, bridge) : "connecting")
        }
    }

    private static let noAddress = IPAddress.Family.v4.unspecified

    private static func state(_ link: Link?, _ bridge: UInt32?) -> String {
        guard let link else { return "no interface" }
        if link.master != bridge || bridge == nil { return "not at the bridge" }
        if !link.isUp { return "down" }
        return link.isRunning ? "connected" : "down in the pod"
    }

    /// Looks for differences between the network and what pods need, and for what ended pods have left.
    /// - Parameters:
    ///   - fix: repairs what can be repaired without a pod's end.
    ///   - exists: whether the sandbox of an ID exists, or may.
    package func check(fix: Bool, exists: @Sendable (String) -> Bool) async throws(NetworkFailure) -> [NetworkReport.Finding] {
        try await load()
        guard isSetUp else {
            return [
                NetworkReport.Finding(
                    found: "the pod network is not set up", wanted: "spec.podCIDR in this node's object",
                    done: "nothing: let the controller manager allocate node CIDRs, or set network.podCIDR")
            ]
        }
        var findings: [NetworkReport.Finding] = []
        if fix {
            let repair = try await repair()
            findings += repair.done.map { NetworkReport.Finding(found: $0.found, wanted: $0.wanted, done: "repaired") }
            findings += repair.failed.map { NetworkReport.Finding(found: $0.defect.found, wanted: $0.defect.wanted, done: "failed: \($0.reason)") }
        }
        // Before the look: interfaces that are made meanwhile are not missing.
        let complete = attached
        let owned = assignments
        let (defects, problems, observed) = try await inspect()
        if !fix { findings += defects.map { NetworkReport.Finding(found: $0.found, wanted: $0.wanted, done: Self.nothing) } }
        findings += (problems + (lacksGuard ? [Self.noGuard] : [])).map {
            NetworkReport.Finding(found: $0, wanted: "no such problem", done: "nothing: see there")
        }
        for id in complete.sorted() where attached.contains(id) && observed.link(named: PodInterface.hostName(sandboxID: id)) == nil {
            findings.append(
                NetworkReport.Finding(
                    found: "pod \(identities[id].map(\.description) ?? "of sandbox \(id)") has no interface \(PodInterface.hostName(sandboxID: id))",
                    wanted: "an interface at \(settings.bridge)", done: "nothing: delete the pod to have it made anew"))
        }
        findings += try await unguarded(complete, observed, fix: fix)
        findings += await foreignFilters()
        // After the look: an interface that has an owner by now is none that is left.
        for link in observed.links where link.kind == "veth" && PodInterface.isHostName(link.name) && hostNames[link.name] == nil {
            let index = link.index
            let done = fix ? try await outcome("removed") { try $0.deleteLink(index) } : Self.nothing
            findings.append(NetworkReport.Finding(found: "interface \(link.name) is no sandbox's", wanted: "no such interface", done: done))
        }
        for (id, addresses) in owned.sorted(by: { $0.key < $1.key }) where !exists(id) && assignments[id] != nil {
            if fix { try await detach(sandboxID: id) }
            findings.append(
                NetworkReport.Finding(
                    found: "\(addresses.map(\.description).joined(separator: ", ")) is held for sandbox \(id), which does not exist",
                    wanted: "addresses of existing sandboxes only", done: fix ? "released" : Self.nothing))
        }
        return findings
    }

    static let noGuard =
        "pods can send from addresses that are not theirs: the kernel lacks sch_ingress or cls_bpf; load these modules, and start the pods anew"

    /// The pods whose interfaces on the node do not have the program that checks the source of what they send.
    private func unguarded(
        _ sandboxes: Set<String>, _ observed: ObservedNetwork, fix: Bool
    ) async throws(NetworkFailure) -> [NetworkReport.Finding] {
        guard settings.guardsSources, !lacksGuard else { return [] }
        let guards = sandboxes.sorted().compactMap { id -> (UInt32, String, SourceGuard)? in
            let name = PodInterface.hostName(sandboxID: id)
            guard let link = observed.link(named: name), let source = SourceGuard(assignments[id] ?? []) else { return nil }
            return (link.index, name, source)
        }
        let settings = settings
        return try await kernel("look at the pods' interfaces") {
            let stack = try NodeBridge(settings: settings).stack
            return try guards.compactMap { index, name, source in
                guard try stack.ingressFilter(of: index) != source.program.bytes else { return nil }
                if fix { try stack.setIngressFilter(source.program, name: SourceGuard.name, on: index) }
                return NetworkReport.Finding(
                    found: "\(name) takes packets with any source", wanted: "its pod's own addresses only", done: fix ? "repaired" : Self.nothing)
            }
        }
    }

    private static let nothing = "nothing: --fix repairs it"

    private func outcome(_ done: String, _ body: @escaping @Sendable (NetworkStack) throws -> Void) async throws(NetworkFailure) -> String {
        let settings = settings
        do throws(NetworkFailure) {
            try await kernel("remove what is left of a pod") { try body(try NodeBridge(settings: settings).stack) }
            return done
        } catch {
            return "failed: \(error)"
        }
    }
}
