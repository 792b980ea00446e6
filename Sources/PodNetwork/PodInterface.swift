package import Addresses
import Glibc
import LinuxNetlink
import LinuxSystem
import PodCore

/// A pod's side of the network: loopback and `eth0`. Blocking.
package struct PodInterface: Sendable {
    /// An address with the gateway of its range.
    package struct Assignment: Sendable, Hashable {
        package let address: CIDR
        package let gateway: IPAddress
    }

    package static let name = "eth0"

    let bridge: NodeBridge
    let bridgeIndex: UInt32
    let mtu: UInt32

    /// The name of the end on the node: `swl` and the beginning of the sandbox's ID.
    package static func hostName(sandboxID: String) -> String { "swl" + sandboxID.prefix(11) }

    /// Whether an interface of the node has the name of a pod's.
    static func isHostName(_ name: String) -> Bool { name.hasPrefix("swl") && name.utf8.count == 14 }

    /// Connects the namespace. May be repeated: existing parts are kept.
    /// - Returns: false when the kernel cannot keep the pod from sending from other addresses.
    func connect(sandboxID: String, namespacePath: String, assignments: [Assignment], _ bandwidth: PodBandwidth) throws -> Bool {
        let namespace = try Namespace(.net, path: namespacePath)
        let pod = try NetworkStack(namespace: namespace.descriptor)
        try pod.setLink(Link.loopback, LinkChange(up: true))
        let interface = try ensureInterface(sandboxID, namespace, pod, mac: assignments.first.map { MACAddress(for: $0.address.address) })
        // While the pod's end is down: nothing of the pod passes unseen.
        let isGuarded = try guardSource(sandboxID, addresses: assignments.map(\.address.address))
        // Each end limits what it sends. The pod's own end is out of its reach, unless it has CAP_NET_ADMIN.
        if let rate = bandwidth.egress { try pod.limitRate(rate, of: interface.index) }
        if let rate = bandwidth.ingress, let port = try bridge.stack.link(named: Self.hostName(sandboxID: sandboxID)) {
            try bridge.stack.limitRate(rate, of: port.index)
        }
        if !interface.isUp { try pod.setLink(interface.index, LinkChange(up: true)) }
        // A host's address without a network: whatever a pod sends goes through the node, another pod's answer too, so that
        // connection tracking sees both directions of a connection to a Service even where bridged frames pass it by (no br_netfilter).
        for assignment in assignments { try pod.addAddress(CIDR(host: assignment.address.address), to: interface.index) }
        for assignment in assignments {
            let everything = CIDR.everything(assignment.address.family)
            try pod.replaceRoute(Route(to: everything, via: assignment.gateway, link: interface.index, isOnLink: true))
        }
        return isGuarded
    }

    private func guardSource(_ sandboxID: String, addresses: [IPAddress]) throws -> Bool {
        guard bridge.settings.guardsSources, let source = SourceGuard(addresses),
            let port = try bridge.stack.link(named: Self.hostName(sandboxID: sandboxID))
        else { return true }
        do throws(NetlinkError) {
            try bridge.stack.setIngressFilter(source.program, name: SourceGuard.name, on: port.index)
            return true
        } catch {
            // The kernel lacks the means. Every other failure is the pod's.
            guard error.errno == ENOENT || error.errno == EOPNOTSUPP else { throw error }
            return false
        }
    }

    private func ensureInterface(_ sandboxID: String, _ namespace: Namespace, _ pod: NetworkStack, mac: MACAddress?) throws -> Link {
        if let link = try pod.link(named: Self.name) { return link }
        let hostName = Self.hostName(sandboxID: sandboxID)
        let end = VethEnd(name: hostName, mtu: mtu, master: bridgeIndex)
        let peer = VethEnd(name: Self.name, mac: mac, mtu: mtu, namespace: namespace.descriptor)
        do throws(NetlinkError) {
            try bridge.stack.createVeth(end, peer: peer)
        } catch {
            guard try bridge.stack.link(index: bridgeIndex) != nil else {
                throw NetworkFailure(
                    .notReady,
                    "the pods' bridge \(bridge.settings.bridge) is missing: another program has removed it; it is made again, then this pod is tried again"
                )
            }
            // The name belongs to an interface of an earlier attempt, whose other end is not in this sandbox.
            guard error.isAlreadyThere, let stale = try bridge.stack.link(named: hostName), stale.kind == "veth" else { throw error }
            try bridge.stack.deleteLink(stale.index)
            try bridge.stack.createVeth(end, peer: peer)
        }
        if bridge.settings.hairpin == .ports, let port = try bridge.stack.link(named: hostName) {
            try bridge.stack.setLink(port.index, LinkChange(hairpin: true))
        }
        guard let link = try pod.link(named: Self.name) else {
            throw NetlinkError(code: .refused, operation: "RTM_GETLINK", object: "\(Self.name) of sandbox \(sandboxID)", errno: ENODEV)
        }
        return link
    }
}
