import Addresses
import LinuxNetlink
import PodNetwork
import Testing

/// Found and wanted in, differences out: no kernel.
@Suite struct BridgeInspectionTests {
    private static let bridgeMAC = MACAddress("0a:58:0a:07:00:01")

    private func cidr(_ text: String) throws -> CIDR { try #require(CIDR(text)) }

    /// A node whose network is as pods need it, with two pods.
    private func healthy() throws -> (wanted: WantedNetwork, observed: ObservedNetwork) {
        let gateways = [try cidr("10.7.0.1/24"), try cidr("fd07::1/64")]
        let wanted = WantedNetwork(gateways: gateways, mac: Self.bridgeMAC, hostLinks: ["swlaaaaaaaaaa1", "swlaaaaaaaaaa2"], peers: [])
        var observed = ObservedNetwork(
            links: [
                Link(index: 2, name: "eth0", mtu: 1400), Link(index: 3, name: "swl0", kind: "bridge", mac: Self.bridgeMAC, mtu: 1400),
                port(4, "swlaaaaaaaaaa1"), port(5, "swlaaaaaaaaaa2"),
            ],
            addresses: gateways.map { InterfaceAddress(link: 3, cidr: $0) } + [InterfaceAddress(link: 2, cidr: try cidr("192.0.2.10/24"))],
            routes: [
                Route(to: .everything(.v4), via: IPAddress("192.0.2.1"), link: 2), Route(to: try cidr("192.0.2.0/24"), link: 2, origin: Route.kernel),
            ] + gateways.map { Route(to: $0.network, link: 3, origin: Route.kernel) })
        for parameter in BridgeInspection(NetworkSettings(), wanted).parameters(observed) { observed.parameters[parameter.name] = parameter.value }
        return (wanted, observed)
    }

    private func port(_ index: UInt32, _ name: String, master: UInt32? = 3, isUp: Bool = true, mtu: UInt32 = 1400, isHairpin: Bool = true) -> Link {
        Link(index: index, name: name, kind: "veth", mtu: mtu, master: master, isUp: isUp, isHairpin: isHairpin)
    }

    private func defects(_ wanted: WantedNetwork, _ observed: ObservedNetwork) -> [NetworkDefect] {
        BridgeInspection(NetworkSettings(), wanted).defects(observed)
    }

    @Test("a network as pods need it has no defect") func healthyNetwork() throws {
        let (wanted, observed) = try healthy()
        #expect(defects(wanted, observed) == [])
    }

    @Test("without the bridge only the bridge is made, with its earlier link address") func noBridge() throws {
        var (wanted, observed) = try healthy()
        observed.links.removeAll { $0.name == "swl0" }
        wanted.mac = MACAddress("0a:58:0a:07:00:99")
        let found = defects(wanted, observed)
        #expect(found.map(\.found) == ["swl0 is missing"])
        #expect(try found.map(\.remedy) == [.makeBridge(#require(wanted.mac), mtu: 1400)])
    }

    @Test("a bridge that is down, has another size or another link address is changed in one step") func bridgeChanged() throws {
        var (wanted, observed) = try healthy()
        observed.links[1] = Link(index: 3, name: "swl0", kind: "bridge", mac: MACAddress("0a:58:00:00:00:00"), mtu: 1500, isUp: false)
        observed.addresses.removeAll { $0.cidr.family == .v6 }
        let found = defects(wanted, observed)
        #expect(found.first?.found == "swl0 is down, has MTU 1500, has link address 0a:58:00:00:00:00")
        #expect(found.first?.remedy == .changeBridge(3, LinkChange(up: true, mtu: 1400, mac: Self.bridgeMAC)))
        #expect(found.dropFirst().map(\.found) == ["swl0 lacks fd07::1/64"])
        wanted.mac = nil
        #expect(defects(wanted, observed).first?.remedy == .changeBridge(3, LinkChange(up: true, mtu: 1400)))
    }

    @Test("each setting that differs is written, and an uplink's accept_ra only where it would stop") func parameters() throws {
        var (wanted, observed) = try healthy()
        observed.parameters["ipv4/ip_forward"] = "0"
        observed.parameters["ipv4/conf/swl0/rp_filter"] = nil
        observed.parameters["ipv6/conf/eth0/accept_ra"] = "0"
        #expect(defects(wanted, observed).map(\.found) == ["net.ipv4.ip_forward is 0", "net.ipv4.conf.swl0.rp_filter is missing"])
        observed.parameters["ipv6/conf/eth0/accept_ra"] = "1"
        #expect(defects(wanted, observed).map(\.found).contains("net.ipv6.conf.eth0.accept_ra is 1"))
        wanted.gateways = [wanted.gateways[0]]
        #expect(!defects(wanted, observed).contains { $0.found.contains("ipv6.conf") }, "without IPv6 its settings are none of ours")
    }

    @Test("addresses of another range go, unless a pod has an address of it") func addresses() throws {
        var (wanted, observed) = try healthy()
        observed.addresses.append(InterfaceAddress(link: 3, cidr: try cidr("10.6.0.1/24")))
        observed.routes.append(Route(to: try cidr("10.6.0.0/24"), link: 3, origin: Route.kernel))
        #expect(try defects(wanted, observed).map(\.remedy) == [.removeAddress(cidr("10.6.0.1/24"), link: 3)])
        wanted.addressesInUse = [try #require(IPAddress("10.6.0.7"))]
        #expect(defects(wanted, observed) == [])
        observed.addresses.removeAll { $0.cidr.address == IPAddress("10.6.0.1") }
        wanted.earlierGateways = [try cidr("10.6.0.1/24")]
        #expect(try defects(wanted, observed).map(\.remedy) == [.addAddress(cidr("10.6.0.1/24"), link: 3)])
    }

    @Test("the route to the pods is made again when it alone has gone") func connectedRoute() throws {
        var (wanted, observed) = try healthy()
        observed.routes.removeAll { $0.link == 3 && $0.destination.family == .v4 }
        let found = defects(wanted, observed)
        #expect(found.map(\.found) == ["no route to 10.7.0.0/24"])
        let route = Route(to: try cidr("10.7.0.0/24"), link: 3, source: IPAddress("10.7.0.1"), origin: Route.kernel)
        #expect(found.map(\.remedy) == [.replaceRoute(route)])
        wanted.mac = nil
        #expect(!defects(wanted, observed).isEmpty)
    }

    @Test("a known pod's interface comes back to the bridge; others and missing ones are left alone") func ports() throws {
        var (wanted, observed) = try healthy()
        observed.links[2] = port(4, "swlaaaaaaaaaa1", master: nil, isUp: false, isHairpin: false)
        observed.links[3] = port(5, "swlaaaaaaaaaa9", master: nil)
        let found = defects(wanted, observed)
        #expect(found.map(\.found) == ["swlaaaaaaaaaa1 is not at swl0, is down"])
        #expect(found.map(\.remedy) == [.changePort(4, LinkChange(up: true, master: 3, hairpin: true))])
        observed.links[2] = port(4, "swlaaaaaaaaaa1", isHairpin: false)
        #expect(defects(wanted, observed).map(\.remedy) == [.changePort(4, LinkChange(hairpin: true))])
        wanted.hostLinks = []
        #expect(defects(wanted, observed) == [])
    }

    @Test("the bridge's packets are never larger than the smallest pod takes, and new pods follow the uplink") func sizes() throws {
        var (wanted, observed) = try healthy()
        let inspection = BridgeInspection(NetworkSettings(), wanted)
        observed.links[0] = Link(index: 2, name: "eth0", mtu: 9000)
        #expect(inspection.podMTU(observed) == 9000)
        #expect(inspection.defects(observed) == [], "running pods keep 1400, and so does the bridge")
        observed.links[0] = Link(index: 2, name: "eth0", mtu: 1300)
        #expect(inspection.defects(observed).map(\.remedy) == [.changeBridge(3, LinkChange(mtu: 1300))])
        observed.routes.removeAll(where: \.isDefault)
        #expect(inspection.podMTU(observed) == 1400, "without an uplink it stays")
        wanted.hostLinks = []
        #expect(BridgeInspection(NetworkSettings(mtu: 1200), wanted).podMTU(observed) == 1200)
    }

    @Test("pods that come and go are no reason to look") func interest() throws {
        func covers(_ link: Link) -> Bool { ChangeInterest.covers(.link(link)) }
        #expect(!covers(port(9, "swlaaaaaaaaaa1")))
        #expect(covers(port(9, "swlaaaaaaaaaa1", master: nil)) && covers(port(9, "swlaaaaaaaaaa1", isUp: false)))
        #expect(covers(Link(index: 3, name: "swl0", kind: "bridge")) && covers(Link(index: 2, name: "eth0")))
        #expect(ChangeInterest.covers(.linkRemoved(index: 3, name: "swl0")))
        #expect(!ChangeInterest.covers(.linkRemoved(index: 9, name: "swlaaaaaaaaaa1")))
        #expect(ChangeInterest.covers(.address(link: 3, isGlobal: true)) && !ChangeInterest.covers(.address(link: 9, isGlobal: false)))
        #expect(ChangeInterest.covers(.forwarding(false, link: nil)) && !ChangeInterest.covers(.forwarding(true, link: 9)))
        let foreign = Route(to: try cidr("172.16.0.0/24"), link: 2)
        #expect(!ChangeInterest.covers(.routeRemoved(foreign)))
        #expect(ChangeInterest.covers(.routeRemoved(Route(to: try cidr("10.8.0.0/24"), link: 2, origin: PeerRoutes.origin))))
    }
}
