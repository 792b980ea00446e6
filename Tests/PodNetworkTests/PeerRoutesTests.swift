import Addresses
import LinuxNetlink
import PodNetwork
import Testing

/// The routes to other nodes' pods, from nodes and the observed network. No kernel.
@Suite struct PeerRoutesTests {
    private func cidr(_ text: String) throws -> CIDR { try #require(CIDR(text)) }

    private func peer(_ name: String, _ ranges: [String], _ addresses: [String]) throws -> PeerNode {
        PeerNode(
            name: name, ranges: try ranges.map { try cidr($0) },
            addresses: try addresses.map { text in try #require(IPAddress(text)) })
    }

    /// 192.0.2.10 on eth0, the default route behind 192.0.2.1.
    private func network(_ more: [Route] = []) throws -> ObservedNetwork {
        ObservedNetwork(
            links: [Link(index: 2, name: "eth0"), Link(index: 3, name: "swl0", kind: "bridge")],
            addresses: [InterfaceAddress(link: 2, cidr: try cidr("192.0.2.10/24")), InterfaceAddress(link: 3, cidr: try cidr("10.7.0.1/24"))],
            routes: [
                Route(to: .everything(.v4), via: IPAddress("192.0.2.1"), link: 2), Route(to: try cidr("192.0.2.0/24"), link: 2, origin: Route.kernel),
                Route(to: try cidr("2001:db8::/64"), link: 2, origin: Route.kernel),
                Route(to: try cidr("10.7.0.0/24"), link: 3, origin: Route.kernel),
            ] + more)
    }

    private func routes(_ peers: [PeerNode], _ observed: ObservedNetwork) throws -> PeerRoutes {
        PeerRoutes(to: peers, ownRanges: [try cidr("10.7.0.1/24"), try cidr("fd07::1/64")], observed)
    }

    private func own(_ range: String, via gateway: String) throws -> Route {
        Route(to: try cidr(range), via: IPAddress(gateway), link: 2, origin: PeerRoutes.origin)
    }

    @Test("each range of a node has a route by the node's address of its family") func bothFamilies() throws {
        let peers = [
            try peer("b", ["10.9.0.0/24"], ["192.0.2.12"]),
            try peer("a", ["10.8.0.0/24", "fd08::/64"], ["192.0.2.11", "2001:db8::11"]),
        ]
        let found = try routes(peers, network())
        #expect(
            try found.routes == [
                own("10.8.0.0/24", via: "192.0.2.11"), own("fd08::/64", via: "2001:db8::11"), own("10.9.0.0/24", via: "192.0.2.12"),
            ])
        #expect(found.problems == [])
    }

    @Test("a node that is not on a link, or lacks an address, is named and gets no route") func outOfReach() throws {
        let found = try routes(
            [
                try peer("far", ["10.8.0.0/24"], ["198.51.100.7"]), try peer("bare", ["10.9.0.0/24"], []),
                try peer("v4", ["fd09::/64"], ["192.0.2.12"]), try peer("without", [], ["192.0.2.13"]),
            ], network())
        #expect(found.routes == [])
        #expect(found.problems.count == 3)
        #expect(found.problems.contains { $0.hasPrefix("node far at 198.51.100.7 is not on a link of this node") })
        #expect(found.problems.contains { $0.hasPrefix("node bare has podCIDR 10.9.0.0/24 and no InternalIP of that family") })
        #expect(found.problems.contains { $0.hasPrefix("node v4 has podCIDR fd09::/64 and no InternalIP") })
    }

    @Test("a node that has lost its addresses keeps its routes, on a link and through the overlay") func lostAddresses() throws {
        let path = Overlay.Path(link: 9, underlay: .v4, sources: [try #require(IPAddress("10.7.0.1"))])
        let peers = [try peer("far", ["10.8.0.0/24"], ["198.51.100.7"]), try peer("near", ["10.9.0.0/24"], ["192.0.2.11"])]
        var made = try network()
        let before = PeerRoutes(to: peers, ownRanges: [try cidr("10.7.0.1/24")], made, overlay: path)
        (made.routes, made.neighbours, made.forwarding) = (made.routes + before.routes, before.neighbours, before.forwarding)
        let bare = [try peer("far", ["10.8.0.0/24"], []), try peer("near", ["10.9.0.0/24"], [])]
        let found = PeerRoutes(to: bare, ownRanges: [try cidr("10.7.0.1/24")], made, overlay: path)
        #expect(found.defects(made) == [])
        #expect(found.problems.count == 2 && found.problems.allSatisfy { $0.contains("the last route stays") })
        let gone = PeerRoutes(to: [], ownRanges: [try cidr("10.7.0.1/24")], made, overlay: path)
        #expect(gone.defects(made).count == 4, "two routes, a neighbour and a forwarding entry go with their nodes")
    }

    @Test("of several addresses the first on a link is taken") func severalAddresses() throws {
        let found = try routes([peer("a", ["10.8.0.0/24"], ["198.51.100.7", "192.0.2.11"])], network())
        #expect(try found.routes == [own("10.8.0.0/24", via: "192.0.2.11")] && found.problems == [])
    }

    @Test(
        "a range that would take other traffic is refused by name",
        arguments: [
            ("10.7.0.0/25", "overlaps 10.7.0.0/24 of this node"), ("10.0.0.0/8", "overlaps 10.7.0.0/24 of this node"),
            ("10.9.0.128/25", "overlaps 10.9.0.0/24 of node a"), ("192.0.2.0/24", "contains 192.0.2.10"), ("::/0", "overlaps fd07::/64"),
            ("127.0.0.0/24", "contains 127.0.0.0"), ("224.0.0.0/16", "contains 224.0.0.0"), ("198.51.100.0/24", "contains 198.51.100.9"),
        ])
    func badRange(range: String, words: String) throws {
        let good = try peer("a", ["10.9.0.0/24"], ["192.0.2.11", "198.51.100.9"])
        let found = try routes([try peer("b", [range], ["192.0.2.12", "2001:db8::12"]), good], network())
        #expect(try found.routes == [own("10.9.0.0/24", via: "192.0.2.11")], "the other node's route is made nevertheless")
        #expect(found.problems.count == 1 && found.problems[0].hasPrefix("node b has podCIDR") && found.problems[0].contains(words), "\(found)")
    }

    @Test("another program's route to a node's pods is left alone") func foreignRoute() throws {
        let foreign = Route(to: try cidr("10.8.0.0/24"), via: IPAddress("192.0.2.1"), link: 2)
        let observed = try network([foreign])
        let found = try routes([peer("a", ["10.8.0.0/24"], ["192.0.2.11"])], observed)
        #expect(found.routes == [] && found.problems == [])
        #expect(found.defects(observed) == [])
    }

    @Test("routes of nodes that have gone are removed, changed ones replaced, missing ones made, others untouched") func differences() throws {
        let stays = try own("10.8.0.0/24", via: "192.0.2.11")
        let gone = try own("10.20.0.0/24", via: "192.0.2.20")
        let moved = try own("10.9.0.0/24", via: "192.0.2.99")
        let observed = try network([stays, gone, moved, Route(to: try cidr("172.16.0.0/12"), via: IPAddress("192.0.2.1"), link: 2)])
        let found = try routes(
            [
                try peer("a", ["10.8.0.0/24"], ["192.0.2.11"]), try peer("b", ["10.9.0.0/24"], ["192.0.2.12"]),
                try peer("c", ["10.10.0.0/24"], ["192.0.2.13"]),
            ], observed)
        let defects = found.defects(observed)
        #expect(
            try defects.map(\.remedy) == [
                .deleteRoute(gone), .replaceRoute(own("10.9.0.0/24", via: "192.0.2.12")), .replaceRoute(own("10.10.0.0/24", via: "192.0.2.13")),
            ])
        #expect(!defects.contains { !$0.isAboutPeer })
    }

    @Test("a node that is not on a link is reached through the overlay, one on a link is not") func overlay() throws {
        let path = Overlay.Path(link: 9, underlay: .v4, sources: [try #require(IPAddress("10.7.0.1")), try #require(IPAddress("fd07::1"))])
        let far = try #require(IPAddress("198.51.100.7"))
        let peers = [try peer("far", ["10.8.0.0/24", "fd08::/64"], ["198.51.100.7"]), try peer("near", ["10.9.0.0/24"], ["192.0.2.11"])]
        let observed = try network()
        let found = PeerRoutes(to: peers, ownRanges: [try cidr("10.7.0.1/24")], observed, overlay: path)
        func route(_ range: String, _ source: String) throws -> Route {
            let range = try cidr(range)
            return Route(to: range, via: range.first, link: 9, source: IPAddress(source), isOnLink: true, origin: PeerRoutes.origin)
        }
        #expect(try found.routes == [route("10.8.0.0/24", "10.7.0.1"), route("fd08::/64", "fd07::1"), own("10.9.0.0/24", via: "192.0.2.11")])
        #expect(found.neighbours.map(\.address.description) == ["10.8.0.0", "fd08::"])
        #expect(found.forwarding == [ForwardingEntry(link: 9, mac: Overlay.mac(of: far), host: far)])
        #expect(found.problems == [])
        var made = observed
        (made.routes, made.neighbours, made.forwarding) = (observed.routes + found.routes, found.neighbours, found.forwarding)
        #expect(found.defects(made) == [])
        let later = PeerRoutes(to: [peers[1]], ownRanges: [try cidr("10.7.0.1/24")], made, overlay: path)
        #expect(
            later.defects(made).map(\.remedy) == found.routes.prefix(2).map { .deleteRoute($0) } + found.neighbours.map { .deleteNeighbour($0) }
                + found.forwarding.map { .deleteForwardingEntry($0) })
    }

    @Test("the overlay has the first address of each range, and no other") func overlayAddresses() throws {
        let ranges = [try cidr("10.7.0.1/24"), try cidr("fd07::1/64")]
        var observed = try network()
        #expect(Overlay.addressDefects(observed, ranges: ranges).isEmpty, "without the interface")
        observed.links.append(Link(index: 9, name: Overlay.name, kind: "vxlan"))
        observed.addresses.append(InterfaceAddress(link: 9, cidr: try cidr("10.6.0.0/32")))
        let defects = Overlay.addressDefects(observed, ranges: ranges)
        #expect(
            try defects.map(\.remedy) == [
                .addOverlayAddress(cidr("10.7.0.0/32"), link: 9), .addOverlayAddress(cidr("fd07::/128"), link: 9),
                .removeOverlayAddress(cidr("10.6.0.0/32"), link: 9),
            ])
        #expect(!defects.contains { !$0.isAboutPeer })
        observed.addresses.removeLast()
        observed.addresses += try ["10.7.0.0/32", "fd07::/128"].map { InterfaceAddress(link: 9, cidr: try cidr($0)) }
        #expect(Overlay.addressDefects(observed, ranges: ranges).isEmpty)
    }
}
