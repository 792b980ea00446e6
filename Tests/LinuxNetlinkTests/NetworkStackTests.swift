import Addresses
import Glibc
import LinuxNetlink
import LinuxSystem
import TestSupport
import Testing

/// Links, addresses, routes and neighbours in two network namespaces of the test's own.
@Suite(.enabled(if: isRoot, "needs root")) struct NetworkStackTests {
    let here: Namespace
    let there: Namespace
    let stack: NetworkStack
    let other: NetworkStack

    init() throws {
        here = try Namespace.makeBlocking(.net)
        there = try Namespace.makeBlocking(.net)
        stack = try NetworkStack(namespace: here.descriptor)
        other = try NetworkStack(namespace: there.descriptor)
    }

    private func cidr(_ text: String) throws -> CIDR { try #require(CIDR(text)) }
    private func ip(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

    @Test("a new namespace has loopback only") func aNewNamespaceHasLoopbackOnly() throws {
        #expect(try stack.links().map(\.name) == ["lo"])
        let lo = try #require(try stack.link(named: "lo"))
        #expect(lo.isLoopback && !lo.isUp && lo.index == 1)
        try stack.setLink(lo.index, LinkChange(up: true))
        #expect(try stack.link(index: 1)?.isUp == true)
        #expect(try stack.addresses().map(\.cidr.description).sorted() == ["127.0.0.1/8", "::1/128"])
        #expect(try stack.link(named: "nothing") == nil)
        #expect(try stack.link(index: 999) == nil)
    }

    @Test("a bridge is made once and kept") func bridgeIsMadeOnceAndKept() throws {
        let mac = try #require(MACAddress("0a:58:0a:00:00:01"))
        let bridge = try stack.ensureBridge("br0", mac: mac, mtu: 1400)
        #expect(bridge.kind == "bridge" && bridge.isUp && bridge.mtu == 1400 && bridge.mac == mac)
        #expect(try stack.ensureBridge("br0", mac: mac, mtu: 1400) == bridge)
        #expect(try stack.ensureBridge("br0", mac: mac, mtu: 1300).mtu == 1300)
        try stack.createVeth(VethEnd(name: "taken"), peer: VethEnd(name: "taken-peer"))
        let error = #expect(throws: NetlinkError.self) { _ = try stack.ensureBridge("taken", mac: mac, mtu: 1500) }
        #expect(error?.isAlreadyThere == true)
        #expect(error?.description.contains("found an interface of kind veth") == true)
        try stack.deleteLink(bridge.index)
        try stack.deleteLink(bridge.index)
        #expect(try stack.link(named: "br0") == nil)
    }

    @Test("a veth pair connects two namespaces") func vethConnectsTwoNamespaces() throws {
        let bridge = try stack.ensureBridge("br0", mac: MACAddress(for: ip("10.9.0.1")), mtu: 1450)
        try stack.addAddress(cidr("10.9.0.1/24"), to: bridge.index)
        try stack.addAddress(cidr("fd09::1/64"), to: bridge.index)
        try stack.addAddress(cidr("fd09::1/64"), to: bridge.index)
        let mac = try MACAddress(for: ip("10.9.0.2"))
        try stack.createVeth(
            VethEnd(name: "host0", mtu: 1450, master: bridge.index),
            peer: VethEnd(name: "eth0", mac: mac, mtu: 1450, namespace: there.descriptor))
        let exists = #expect(throws: NetlinkError.self) {
            try stack.createVeth(VethEnd(name: "host0"), peer: VethEnd(name: "eth1", namespace: there.descriptor))
        }
        #expect(exists?.isAlreadyThere == true)

        let host = try #require(try stack.link(named: "host0"))
        let eth0 = try #require(try other.link(named: "eth0"))
        #expect(host.master == bridge.index && host.isUp && host.kind == "veth" && host.peer == eth0.index)
        #expect(eth0.mac == mac && eth0.mtu == 1450 && !eth0.isUp)
        try other.setLink(eth0.index, LinkChange(up: true))
        #expect(!host.isHairpin)
        try stack.setLink(host.index, LinkChange(hairpin: true))
        #expect(try stack.link(index: host.index)?.isHairpin == true)
        try stack.setLink(bridge.index, LinkChange(promiscuous: true))
        #expect(try stack.link(index: bridge.index)?.isPromiscuous == true)

        try other.addAddress(cidr("10.9.0.2/24"), to: eth0.index)
        try other.addAddress(cidr("fd09::2/64"), to: eth0.index)
        let route = try Route(to: .everything(.v4), via: ip("10.9.0.1"), link: eth0.index, source: ip("10.9.0.2"))
        try other.replaceRoute(route)
        try other.replaceRoute(route)
        try other.replaceRoute(Route(to: .everything(.v6), via: ip("fd09::1"), link: eth0.index))
        let defaults = try other.routes().filter(\.isDefault)
        #expect(defaults.count == 2)
        #expect(defaults.first { $0.destination.family == .v4 } == route)
        #expect(try defaults.first { $0.destination.family == .v6 }?.gateway == ip("fd09::1"))
        #expect(try other.routes().contains { route in try route.destination == cidr("10.9.0.0/24") && route.origin == 2 })
        try other.deleteRoute(route)
        try other.deleteRoute(route)
        #expect(try other.routes().filter(\.isDefault).count == 1)

        let neighbour = try Neighbour(link: eth0.index, address: ip("10.9.0.77"), mac: mac)
        try other.replaceNeighbour(neighbour)
        #expect(try other.neighbours().contains(neighbour))
        try other.deleteNeighbour(neighbour.address, on: eth0.index)
        try other.deleteNeighbour(neighbour.address, on: eth0.index)
        #expect(try !other.neighbours().contains { $0.address == neighbour.address && $0.isPermanent })

        try other.removeAddress(cidr("10.9.0.2/24"), from: eth0.index)
        try other.removeAddress(cidr("10.9.0.2/24"), from: eth0.index)
        #expect(try other.addresses().filter { $0.link == eth0.index && $0.scope == 0 }.map(\.cidr.description) == ["fd09::2/64"])
    }

    @Test("the source of packets is that of the route, of each family") func sourceOfPackets() throws {
        let bridge = try stack.ensureBridge("br0", mac: MACAddress(for: ip("10.9.0.1")), mtu: 1450)
        try stack.addAddress(cidr("10.9.0.1/24"), to: bridge.index)
        try stack.addAddress(cidr("fd09::1/64"), to: bridge.index)
        #expect(try stack.source(towards: ip("10.9.0.77")) == ip("10.9.0.1"))
        #expect(try stack.source(towards: ip("fd09::77")) == ip("fd09::1"))
        #expect(try stack.source(towards: ip("192.0.2.1")) == nil)
        #expect(try stack.source(towards: ip("2001:db8::1")) == nil)
    }

    @Test("a route without a way is refused with the kernel's text") func aRouteWithoutWayIsRefusedWithTheKernelsWords() throws {
        let error = #expect(throws: NetlinkError.self) { try stack.replaceRoute(Route(to: .everything(.v4), via: ip("10.9.0.1"))) }
        #expect(error?.errno == ENETUNREACH)
        #expect(error?.kernelText != nil)
    }
}
