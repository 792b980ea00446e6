import Addresses
import LinuxNetlink

/// Compares bridge, addresses, settings, the pods' interfaces and routes with what pods need. Pure: found and wanted in, differences out.
package struct BridgeInspection: Sendable {
    let settings: NetworkSettings
    let wanted: WantedNetwork

    package init(_ settings: NetworkSettings, _ wanted: WantedNetwork) {
        self.settings = settings
        self.wanted = wanted
    }

    /// The largest packet of a new pod, in bytes: that of the uplink. Without an uplink it stays as it was.
    package func podMTU(_ observed: ObservedNetwork) -> UInt32 {
        if let mtu = settings.mtu { return mtu }
        guard let uplink = observed.uplink else { return observed.link(named: settings.bridge)?.mtu ?? 1500 }
        guard settings.routing == .vxlan else { return uplink.mtu }
        // Pods that start before the other nodes are known have the same size.
        return uplink.mtu - min(uplink.mtu, VXLANTunnel.overhead(wanted.ownAddresses.first?.family ?? .v4))
    }

    /// The differences, in the order in which they are to be repaired. Without the bridge only that: the others show once it is there.
    package func defects(_ observed: ObservedNetwork) -> [NetworkDefect] {
        guard let bridge = observed.link(named: settings.bridge), bridge.kind == "bridge" else {
            guard let mac = wanted.mac ?? wanted.gateways.first.map({ MACAddress(for: $0.address) }) else { return [] }
            let other = observed.link(named: settings.bridge).map { "\($0.name) is an interface of kind \($0.kind.isEmpty ? "(none)" : $0.kind)" }
            return [
                NetworkDefect(
                    found: other ?? "\(settings.bridge) is missing", wanted: "the bridge of the pods", remedy: .makeBridge(mac, mtu: podMTU(observed))
                )
            ]
        }
        return linkDefects(bridge, observed) + parameterDefects(observed) + addressDefects(bridge, observed) + portDefects(bridge, observed)
            + peerDefects(observed)
    }

    /// The routes to other nodes; `nil` while these are not known.
    package func peerRoutes(_ observed: ObservedNetwork) -> PeerRoutes? {
        wanted.peers.map {
            PeerRoutes(
                to: $0, ownRanges: wanted.gateways + wanted.earlierGateways, observed,
                overlay: overlay?.path(observed, sources: wanted.gateways.map(\.address)))
        }
    }

    /// The interface to nodes that are not on one link; `nil` without that.
    private var overlay: Overlay? {
        guard settings.routing == .vxlan, let own = wanted.ownAddresses.first else { return nil }
        return Overlay(own)
    }

    private func peerDefects(_ observed: ObservedNetwork) -> [NetworkDefect] {
        guard let routes = peerRoutes(observed) else { return [] }
        guard let overlay else { return (settings.routing == .vxlan ? [] : Overlay.leftover(observed)) + routes.defects(observed) }
        let device = overlay.defects(observed, mtu: podMTU(observed))
        // A tunnel that is still to be made has no addresses yet.
        return device + (device.isEmpty ? Overlay.addressDefects(observed, ranges: wanted.gateways) : []) + routes.defects(observed)
    }

    private func ports(_ bridge: Link, _ observed: ObservedNetwork) -> [Link] {
        observed.links.filter { $0.kind == "veth" && wanted.hostLinks.contains($0.name) }
    }

    private func linkDefects(_ bridge: Link, _ observed: ObservedNetwork) -> [NetworkDefect] {
        var change = LinkChange()
        var found: [String] = []
        var needed: [String] = []
        if !bridge.isUp {
            change.up = true
            found.append("is down")
            needed.append("up")
        }
        // A pod keeps the size that its interface was made with. A larger packet for it would be lost on the bridge without a word to the sender.
        let mtu = ports(bridge, observed).map(\.mtu).reduce(podMTU(observed), min)
        if bridge.mtu != mtu {
            change.mtu = mtu
            found.append("has MTU \(bridge.mtu)")
            needed.append("MTU \(mtu)")
        }
        if let mac = wanted.mac, bridge.mac != mac {
            change.mac = mac
            found.append("has link address \(bridge.mac.map(\.description) ?? "-")")
            needed.append("link address \(mac)")
        }
        let promiscuous = settings.hairpin == .promiscuousBridge
        if bridge.isPromiscuous != promiscuous {
            change.promiscuous = promiscuous
            found.append("is \(promiscuous ? "not " : "")promiscuous")
            needed.append("\(promiscuous ? "" : "not ")promiscuous")
        }
        guard !found.isEmpty else { return [] }
        return [
            NetworkDefect(
                found: "\(bridge.name) \(found.joined(separator: ", "))", wanted: needed.joined(separator: ", "),
                remedy: .changeBridge(bridge.index, change))
        ]
    }

    /// All settings that the network relies on.
    package func parameters(_ observed: ObservedNetwork) -> [NetworkParameter] {
        var parameters: [NetworkParameter] = []
        let bridge = settings.bridge
        if wanted.gateways.contains(where: { $0.family == .v4 }) {
            parameters.append(NetworkParameter("ipv4/ip_forward", "1"))
            parameters.append(NetworkParameter("ipv4/conf/\(bridge)/forwarding", "1"))
            // Loose: a pod's packet comes in over the bridge wherever the route back leads; the effective value is the
            // larger one of "all" and the interface.
            parameters.append(NetworkParameter("ipv4/conf/\(bridge)/rp_filter", "2"))
            // Pods reach each other through the node although they share a link, so they must not get redirects to a shorter way.
            // One of the two settings alone would send redirects.
            parameters.append(NetworkParameter("ipv4/conf/all/send_redirects", "0"))
            parameters.append(NetworkParameter("ipv4/conf/\(bridge)/send_redirects", "0"))
            // On the bridge alone: on another interface the machine's neighbours would reach the node's loopback.
            parameters.append(NetworkParameter("ipv4/conf/\(bridge)/route_localnet", wanted.opensLoopback ? "1" : "0"))
        }
        if wanted.gateways.contains(where: { $0.family == .v6 }) {
            // A forwarding host ignores router advertisements, and with them its own default route, unless accept_ra is 2.
            if let uplink = observed.uplink { parameters.append(NetworkParameter("ipv6/conf/\(uplink.name)/accept_ra", "2", replaces: "1")) }
            parameters.append(NetworkParameter("ipv6/conf/all/forwarding", "1"))
            parameters.append(NetworkParameter("ipv6/conf/\(bridge)/forwarding", "1"))
            parameters.append(NetworkParameter("ipv6/conf/\(bridge)/accept_ra", "0"))
            // The node looks for pods from the bridge's link-local address. While that is checked for duplicates, up to two seconds
            // from the first pod on, packets to pods are lost; no other machine on the bridge can have it.
            parameters.append(NetworkParameter("ipv6/conf/\(bridge)/accept_dad", "0"))
        }
        if overlay != nil, observed.link(named: Overlay.name) != nil {
            parameters += Overlay.parameters(hasIPv6: wanted.gateways.contains { $0.family == .v6 })
        }
        return parameters
    }

    private func parameterDefects(_ observed: ObservedNetwork) -> [NetworkDefect] {
        parameters(observed).compactMap { parameter in
            let value = observed.parameters[parameter.name]
            if value == parameter.value { return nil }
            if let replaces = parameter.replaces, value != replaces { return nil }
            return NetworkDefect(
                found: "\(parameter.dotted) is \(value ?? "missing")", wanted: parameter.value, remedy: .writeParameter(parameter))
        }
    }

    private func addressDefects(_ bridge: Link, _ observed: ObservedNetwork) -> [NetworkDefect] {
        let present = observed.ownAddresses(of: bridge.index)
        var defects = (wanted.gateways + wanted.earlierGateways).filter { !present.contains($0) }.map {
            NetworkDefect(found: "\(bridge.name) lacks \($0)", wanted: "the gateway of pods", remedy: .addAddress($0, link: bridge.index))
        }
        for address in present {
            if !wanted.gateways.contains(address), !wanted.earlierGateways.contains(address), !wanted.addressesInUse.contains(where: address.contains)
            {
                defects.append(
                    NetworkDefect(
                        found: "\(bridge.name) has \(address)", wanted: "addresses of this node's podCIDRs only",
                        remedy: .removeAddress(address, link: bridge.index)))
                continue
            }
            // Comes and goes with the address, unless another program removes it alone.
            let hasRoute = observed.mainRoutes.contains { $0.destination == address.network && $0.link == bridge.index && $0.gateway == nil }
            guard !hasRoute, bridge.isUp else { continue }
            var route = Route(to: address.network, link: bridge.index, origin: Route.kernel)
            if address.family == .v4 { route.source = address.address } else { route.priority = 256 }
            defects.append(
                NetworkDefect(found: "no route to \(address.network)", wanted: "a route over \(bridge.name)", remedy: .replaceRoute(route)))
        }
        return defects
    }

    private func portDefects(_ bridge: Link, _ observed: ObservedNetwork) -> [NetworkDefect] {
        ports(bridge, observed).compactMap { port in
            var change = LinkChange()
            var found: [String] = []
            if port.master != bridge.index {
                change.master = bridge.index
                found.append("is not at \(bridge.name)")
            }
            if !port.isUp {
                change.up = true
                found.append("is down")
            }
            if settings.hairpin == .ports, !port.isHairpin || change.master != nil {
                change.hairpin = true
                if change.master == nil { found.append("does not send back to where frames came from") }
            }
            guard !found.isEmpty else { return nil }
            return NetworkDefect(
                found: "\(port.name) \(found.joined(separator: ", "))", wanted: "a pod's interface at \(bridge.name)",
                remedy: .changePort(port.index, change))
        }
    }
}
