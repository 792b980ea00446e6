import Addresses
import LinuxNetlink
import LinuxSystem
import Logging
import PodCore
import TestSupport
import Testing
import Timing

@testable import PodNetwork

/// Other programs break the node's side of the network; the kernel tells, and it is repaired.
@Suite(.enabled(if: isRoot, "needs root"), .timeLimit(.minutes(2))) struct NetworkRepairTests {
    let fixture: NetworkFixture

    init() throws { fixture = try NetworkFixture() }

    /// Breaks the network with names: the keeper may be quicker than the second call.
    private func replaceBridge() async throws {
        try await eventually("an interface of another kind to have the bridge's name") {
            if let made = try fixture.stack.link(named: "swl0") { try fixture.stack.deleteLink(made.index) }
            return (try? fixture.stack.createVeth(VethEnd(name: "swl0"), peer: VethEnd(name: "swl0-peer"))) != nil
        }
    }

    private func kept(_ network: PodNetwork, _ problems: Journal<String?> = Journal(), _ body: () async throws -> Void) async throws {
        let keeper = NetworkKeeper(network, time: SystemTime(), logger: .silent) { problems.note($0) }
        try await whileRunning({ try? await keeper.run() }) {
            // The keeper's first look is over: it has subscribed.
            await problems.wait(count: 1)
            try await body()
        }
    }

    private func parameter(_ name: String) throws -> String {
        try fixture.node.withThreadBlocking { try SmallFile.line("/proc/sys/net/" + name) }
    }

    private func set(_ name: String, _ value: String) throws {
        try fixture.node.withThreadBlocking { try SmallFile.write(value, to: "/proc/sys/net/" + name) }
    }

    private func bridge() throws -> Link { try #require(try fixture.stack.link(named: "swl0")) }

    /// Two pods that reach each other.
    private func pods(_ network: PodNetwork) async throws -> [Namespace] {
        try await network.setUp(podCIDRs: ["10.7.0.0/24", "fd07::/64"])
        var pods: [Namespace] = []
        for number in 1...2 {
            pods.append(try await fixture.namespace())
            _ = try await network.attach(sandboxID: NetworkFixture.id(number), networkNamespacePath: fixture.path(pods[number - 1]))
        }
        #expect(try await works(pods))
        return pods
    }

    private func works(_ pods: [Namespace]) async throws -> Bool {
        for target in ["10.7.0.3", "fd07::3"] where try await !Echo.works(from: pods[0], to: target, in: pods[1]) { return false }
        return true
    }

    @Test("what another program breaks is back, and pods reach each other again, whatever it was")
    func everyBreakIsRepaired() async throws {
        let network = try fixture.network()
        let pods = try await pods(network)
        let stack = fixture.stack
        let first = try bridge()
        try await kept(network) {
            try stack.setLink(first.index, LinkChange(up: false))
            try await eventually("the bridge to be up with its addresses") {
                try bridge().isUp && stack.addresses().contains { $0.cidr.description == "fd07::1/64" }
            }
            #expect(try await works(pods))

            try stack.removeAddress(#require(CIDR("10.7.0.1/24")), from: first.index)
            try await eventually("the gateway to be back") { try stack.addresses().contains { $0.cidr.description == "10.7.0.1/24" } }

            try set("ipv4/ip_forward", "0")
            try set("ipv6/conf/all/forwarding", "0")
            try await eventually("forwarding to be on") {
                try parameter("ipv4/ip_forward") == "1" && parameter("ipv6/conf/all/forwarding") == "1"
            }

            let port = try #require(try stack.link(named: "swlaaaaaaaaaa1"))
            try stack.setLink(port.index, LinkChange(master: 0))
            try await eventually("the pod's interface to be at the bridge") {
                let now = try stack.link(index: port.index)
                return now?.master == first.index && now?.isHairpin == true
            }

            try stack.deleteRoute(Route(to: #require(CIDR("10.7.0.0/24")), link: first.index, origin: Route.kernel))
            try await eventually("the route to the pods to be back") {
                try stack.routes().contains { $0.destination.description == "10.7.0.0/24" && $0.link == first.index }
            }
            #expect(try await works(pods))
        }
    }

    @Test("a deleted bridge is made again with its link address and all pods, and new pods join it")
    func deletedBridge() async throws {
        let network = try fixture.network()
        let pods = try await pods(network)
        let first = try bridge()
        try await kept(network) {
            try fixture.stack.deleteLink(first.index)
            try await eventually("the pods to be at a new bridge") {
                guard let made = try fixture.stack.link(named: "swl0"), made.index != first.index, made.mac == first.mac else { return false }
                let ports = try fixture.stack.links().filter { $0.master == made.index && $0.isHairpin }
                let addresses = try fixture.stack.addresses().filter { $0.link == made.index && $0.isGlobal }
                return ports.count == 2 && addresses.count == 2
            }
            #expect(try await works(pods))
            #expect(try parameter("ipv6/conf/swl0/accept_ra") == "0")
            let fresh = try await fixture.namespace()
            // Behind the repair that is still under way: an attempt before its end would fail, and take the next address.
            _ = try await network.repair()
            try await eventually("a new pod to get its network") {
                (try? await network.attach(sandboxID: NetworkFixture.id(3), networkNamespacePath: fixture.path(fresh))) == ["10.7.0.4", "fd07::4"]
            }
            #expect(try await Echo.works(from: fresh, to: "10.7.0.2", in: pods[0]))
        }
    }

    @Test("while the bridge is missing, a new pod fails with a message that says so, and nothing of it stays")
    func newPodWithoutBridge() async throws {
        let network = try fixture.network()
        try await network.setUp(podCIDRs: ["10.7.0.0/24"])
        try fixture.stack.deleteLink(try bridge().index)
        let error = await #expect(throws: NetworkFailure.self) {
            _ = try await network.attach(sandboxID: NetworkFixture.id(1), networkNamespacePath: fixture.pod())
        }
        #expect(error?.code == .notReady && error?.message.contains("the pods' bridge swl0 is missing") == true, "\(String(describing: error))")
        #expect(try fixture.records == [])
    }

    @Test("a program that breaks the network again and again is answered at a bounded rate")
    func boundedRate() async throws {
        let network = try fixture.network()
        _ = try await pods(network)
        let looks = Journal<String?>()
        let began = ContinuousClock.now
        try await kept(network, looks) {
            for _ in 0..<200 {
                try fixture.stack.setLink(try bridge().index, LinkChange(up: false))
                try fixture.stack.setLink(try bridge().index, LinkChange(up: true))
            }
            try fixture.stack.setLink(try bridge().index, LinkChange(up: false))
            try await eventually("the last break to be repaired") { try bridge().isUp }
            // Each look is followed by a pause of at least a tenth of a second.
            let most = Int((ContinuousClock.now - began) / .milliseconds(100)) + 3
            #expect(looks.entries.count <= most, "400 changes are not as many looks")
        }
    }

    @Test("when the kernel refuses a repair, the reason is reported until it succeeds")
    func refusedRepair() async throws {
        let network = try fixture.network()
        _ = try await pods(network)
        let problems = Journal<String?>()
        try await kept(network, problems) {
            try await replaceBridge()
            let entries = await problems.wait { $0.contains { $0?.contains("is an interface of kind veth") == true } }
            #expect(entries.contains { $0?.hasPrefix("the pod network cannot be repaired") == true }, "\(entries)")
            try fixture.stack.deleteLink(#require(try fixture.stack.link(named: "swl0")).index)
            try await eventually("the bridge to be made") { try fixture.stack.link(named: "swl0")?.kind == "bridge" }
            _ = await problems.wait { $0.last == .some(nil) }
        }
    }

    @Test("new pods follow the uplink's packet size") func followsMTU() async throws {
        let network = try fixture.network()
        _ = try await pods(network)
        try await kept(network) {
            let uplink = try #require(try fixture.stack.link(named: "uplink"))
            try fixture.stack.setLink(uplink.index, LinkChange(mtu: 1300))
            try await eventually("the bridge to follow") { try bridge().mtu == 1300 }
            // The repair that has done it may not be over yet.
            _ = try await network.repair()
            let fresh = try await fixture.namespace()
            _ = try await network.attach(sandboxID: NetworkFixture.id(3), networkNamespacePath: fixture.path(fresh))
            #expect(try NetworkStack(namespace: fresh.descriptor).link(named: "eth0")?.mtu == 1300)
        }
    }

    @Test("routes to other nodes come, are repaired, and go with their nodes; routes of others stay")
    func peerRoutes() async throws {
        let network = try fixture.network()
        _ = try await pods(network)
        let stack = fixture.stack
        let uplink = try #require(try stack.link(named: "uplink"))
        let foreign = try Route(to: #require(CIDR("10.99.0.0/24")), via: IPAddress("192.0.2.1"), link: uplink.index)
        try stack.replaceRoute(foreign)
        func peer(_ number: Int) throws -> PeerNode {
            PeerNode(
                name: "node-\(number)", ranges: [try #require(CIDR("10.\(number).0.0/24"))],
                addresses: [try #require(IPAddress("192.0.2.\(number)"))])
        }
        func destinations() throws -> [String] {
            try stack.routes().filter { $0.origin == PeerRoutes.origin }.map { "\($0.destination) \($0.gateway.map(\.description) ?? "-")" }.sorted()
        }
        let both = ["10.20.0.0/24 192.0.2.20", "10.21.0.0/24 192.0.2.21"]
        try await kept(network) {
            await network.setPeers([try peer(20), try peer(21)])
            try await eventually("both routes") { try destinations() == both }
            let route = try #require(try stack.routes().first { $0.destination.description == "10.20.0.0/24" })
            try stack.deleteRoute(route)
            try await eventually("the removed route to be back") { try destinations() == both }
            // An interface that goes down takes its routes with it.
            try stack.setLink(uplink.index, LinkChange(up: false))
            try stack.setLink(uplink.index, LinkChange(up: true))
            try await eventually("the routes over the uplink to be back") { try destinations() == both }
            await network.setPeers([try peer(21)])
            try await eventually("one route to be left") { try destinations() == [both[1]] }
        }
        // Another agent does not know the nodes yet: what there is stays.
        let next = try fixture.network()
        try await next.recover([])
        try await next.setUp(podCIDRs: ["10.7.0.0/24", "fd07::/64"])
        #expect(try destinations() == [both[1]])
        await next.setPeers([])
        try await next.setUp(podCIDRs: ["10.7.0.0/24", "fd07::/64"])
        #expect(try destinations() == [])
    }

    @Test("a check names what is left of ended pods and what is wrong, and repairs it when asked to")
    func check() async throws {
        let network = try fixture.network()
        _ = try await pods(network)
        let second = NetworkFixture.id(2)
        func findings(fix: Bool) async throws -> [String] {
            try await network.check(fix: fix) { $0 != second }.map { "\($0.found): \($0.done)" }
        }
        #expect(try await network.check(fix: false) { _ in true } == [])
        try set("ipv4/conf/swl0/send_redirects", "1")
        try fixture.stack.createVeth(VethEnd(name: "swlbbbbbbbbbbb"), peer: VethEnd(name: "peer"))
        try fixture.stack.deleteLink(#require(try fixture.stack.link(named: "swlaaaaaaaaaa1")).index)
        let nothing = "nothing: --fix repairs it"
        let leaked = "10.7.0.3, fd07::3 is held for sandbox \(second), which does not exist"
        let missing = "pod of sandbox \(NetworkFixture.id(1)) has no interface swlaaaaaaaaaa1: nothing: delete the pod to have it made anew"
        #expect(
            try await findings(fix: false) == [
                "net.ipv4.conf.swl0.send_redirects is 1: \(nothing)", missing, "interface swlbbbbbbbbbbb is no sandbox's: \(nothing)",
                "\(leaked): \(nothing)",
            ])
        #expect(
            try await findings(fix: true) == [
                "net.ipv4.conf.swl0.send_redirects is 1: repaired", missing, "interface swlbbbbbbbbbbb is no sandbox's: removed",
                "\(leaked): released",
            ])
        // The interface of the released sandbox is still there, as its pod is in this test.
        #expect(try await findings(fix: true) == [missing, "interface swlaaaaaaaaaa2 is no sandbox's: removed"])
        let states = try await network.attachments().map { "\($0.addresses.joined(separator: ",")) \($0.hostLink) \($0.state)" }
        #expect(states == ["10.7.0.2,fd07::2 swlaaaaaaaaaa1 no interface"])
    }
}
