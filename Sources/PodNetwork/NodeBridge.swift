import Addresses
import Glibc
package import LinuxNetlink
import LinuxSystem

/// The node's side of the pod network in the kernel: looks at it, and repairs it. Blocking.
package struct NodeBridge: Sendable {
    /// The result of a repair.
    package struct Repair: Sendable {
        /// The differences that were repaired.
        package var done: [NetworkDefect] = []
        /// The differences that the kernel refused to have repaired, with the reason.
        package var failed: [(defect: NetworkDefect, reason: String)] = []
        /// Faults that this agent cannot repair, and why: other nodes without a route to their pods, for example.
        package var problems: [String] = []
        /// The bridge as it is now; `nil` when it cannot be made.
        package var bridge: Link?
        /// Bytes, for new pods.
        package var podMTU: UInt32 = 0
    }

    /// An interface that is made shows what it lacks only afterwards.
    private static let passes = 4

    package let settings: NetworkSettings
    let stack: NetworkStack

    package init(settings: NetworkSettings) throws(NetlinkError) {
        self.settings = settings
        stack = try NetworkStack(namespace: settings.nodeNamespace?.descriptor)
    }

    /// Makes or repairs everything on the node's side.
    package func repair(_ wanted: WantedNetwork) throws -> Repair {
        let inspection = BridgeInspection(settings, wanted)
        var repair = Repair()
        for _ in 0..<Self.passes {
            let observed = try observe(inspection)
            repair.bridge = observed.link(named: settings.bridge).flatMap { $0.kind == "bridge" ? $0 : nil }
            repair.podMTU = inspection.podMTU(observed)
            repair.problems = inspection.peerRoutes(observed)?.problems ?? []
            let refused = Set(repair.failed.map(\.defect))
            let defects = inspection.defects(observed).filter { !refused.contains($0) }
            if defects.isEmpty { break }
            for defect in defects {
                do {
                    try apply(defect.remedy)
                    repair.done.append(defect)
                } catch let error as NetlinkError where error.isNotFound && defect.isAboutPort {
                    // The pod has ended meanwhile.
                    continue
                } catch {
                    repair.failed.append((defect, "\(error)"))
                }
            }
        }
        return repair
    }

    /// Returns the differences and leaves them.
    package func inspect(_ wanted: WantedNetwork) throws -> (defects: [NetworkDefect], problems: [String], observed: ObservedNetwork) {
        let inspection = BridgeInspection(settings, wanted)
        let observed = try observe(inspection)
        return (inspection.defects(observed), inspection.peerRoutes(observed)?.problems ?? [], observed)
    }

    private func observe(_ inspection: BridgeInspection) throws -> ObservedNetwork {
        var observed = ObservedNetwork(links: try stack.links(), addresses: try stack.addresses(), routes: try stack.routes())
        if let overlay = observed.link(named: Overlay.name)?.index {
            observed.neighbours = try stack.neighbours().filter { $0.link == overlay }
            observed.forwarding = try stack.forwardingEntries(of: overlay)
        }
        let names = inspection.parameters(observed).map(\.name)
        observed.parameters = try inNode {
            names.reduce(into: [:]) { values, name in values[name] = try? SmallFile.line("/proc/sys/net/" + name) }
        }
        return observed
    }

    private func apply(_ remedy: NetworkDefect.Remedy) throws {
        switch remedy {
        case .makeBridge(let mac, let mtu): _ = try stack.ensureBridge(settings.bridge, mac: mac, mtu: mtu)
        case .changeBridge(let index, let change): try stack.setLink(index, change)
        case .changePort(let index, var change):
            // The kernel takes the settings of a bridge port only once it is one.
            let hairpin = change.master == nil ? nil : change.hairpin
            if hairpin != nil { change.hairpin = nil }
            try stack.setLink(index, change)
            if let hairpin { try stack.setLink(index, LinkChange(hairpin: hairpin)) }
        case .writeParameter(let parameter):
            try inNode { try SmallFile.write(parameter.value, to: "/proc/sys/net/" + parameter.name) }
        case .addAddress(let address, let link), .addOverlayAddress(let address, let link): try stack.addAddress(address, to: link)
        case .removeAddress(let address, let link), .removeOverlayAddress(let address, let link): try stack.removeAddress(address, from: link)
        case .replaceRoute(let route): try stack.replaceRoute(route)
        case .deleteRoute(let route): try stack.deleteRoute(route)
        case .makeOverlay(let tunnel, let mac, let mtu): try stack.createVXLAN(Overlay.name, mac: mac, mtu: mtu, tunnel)
        case .changeOverlay(let index, let change): try stack.setLink(index, change)
        case .removeOverlay(let index): try stack.deleteLink(index)
        case .replaceNeighbour(let neighbour): try stack.replaceNeighbour(neighbour)
        case .deleteNeighbour(let neighbour): try stack.deleteNeighbour(neighbour.address, on: neighbour.link)
        case .replaceForwardingEntry(let entry): try stack.replaceForwardingEntry(entry)
        case .deleteForwardingEntry(let entry): try stack.deleteForwardingEntry(entry)
        }
    }

    /// /proc/sys/net shows the namespace of the thread that opens it.
    private func inNode<T: Sendable>(_ body: @escaping @Sendable () throws -> T) throws -> T {
        if let namespace = settings.nodeNamespace { return try namespace.withThreadBlocking(body) }
        return try body()
    }

    /// Looks for the addresses by which other nodes reach this one.
    func findAddresses(_ addresses: inout HeldAddresses) throws(NetlinkError) {
        addresses.update(routes: try stack.routes(), addresses: try stack.addresses())
    }

    /// Returns the addresses that the node's packets to these hosts would have, in their order.
    func sources(towards hosts: [IPAddress]) throws(NetlinkError) -> [IPAddress] {
        var sources: [IPAddress] = []
        for host in hosts { if let source = try stack.source(towards: host) { sources.append(source) } }
        return sources
    }
}
