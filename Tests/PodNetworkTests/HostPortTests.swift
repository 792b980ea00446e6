import Addresses
import Glibc
import LinuxNetlink
import LinuxNftables
import LinuxSystem
import Nftables
import PodCore
import PodNetwork
import ProxyCore
import TestSupport
import Testing

/// Traffic to a node's ports: a machine outside (192.0.2.1), the node (192.0.2.10), its pods.
@Suite(.enabled(if: isRoot, "needs root")) struct HostPortTests {
    static let nodeIP = "192.0.2.10"

    let fixture: NetworkFixture
    let outside: Namespace
    let forwarder: HostPortForwarder
    let network: PodNetwork

    init() async throws {
        fixture = try NetworkFixture()
        forwarder = try fixture.forwarder()
        network = try fixture.network(hostPorts: forwarder)
        outside = try await fixture.namespace()
        let uplink = try #require(try fixture.stack.link(named: "uplink"))
        try fixture.stack.createVeth(
            VethEnd(name: "cable", mtu: 1400, master: uplink.index), peer: VethEnd(name: "eth0", mtu: 1400, namespace: outside.descriptor))
        try fixture.stack.setLink(1, LinkChange(up: true))
        let stack = try NetworkStack(namespace: outside.descriptor)
        let link = try #require(try stack.link(named: "eth0"))
        let node = try #require(IPAddress("192.0.2.10"))
        try stack.setLink(link.index, LinkChange(up: true))
        try stack.addAddress(#require(CIDR("192.0.2.1/24")), to: link.index)
        for range in ["10.96.0.0/16", "10.7.0.0/24"] {
            try stack.replaceRoute(Route(to: #require(CIDR(range)), via: node, link: link.index))
        }
        try await network.setUp(podCIDRs: ["10.7.0.0/24", "fd07::/64"])
        try await network.recover([])
    }

    struct TestPod {
        let namespace: Namespace
        let sandbox: SandboxNetwork
    }

    /// A pod with its network, whose ports are not forwarded yet.
    private func pod(_ number: Int, _ ports: [HostPort]) async throws -> TestPod {
        let namespace = try await fixture.namespace()
        let id = NetworkFixture.id(number)
        let addresses = try await network.attach(sandboxID: id, networkNamespacePath: fixture.path(namespace))
        let identity = PodIdentity(namespace: "default", name: "pod-\(number)", uid: "\(number)")
        return TestPod(namespace: namespace, sandbox: SandboxNetwork(sandboxID: id, pod: identity, addresses: addresses, hostPorts: ports))
    }

    private func forwardedPod(_ number: Int, _ ports: [HostPort]) async throws -> TestPod {
        let pod = try await pod(number, ports)
        try await network.forwardHostPorts(of: pod.sandbox)
        return pod
    }

    private func nft(_ command: String) throws -> String { try Shell.run("nft \(command)", in: fixture.node) }

    private var tables: String { get throws { try nft("list tables") } }

    @Test("a pod is reached through its host ports from every place that may") func everyWayToThePod() async throws {
        let pod = try await forwardedPod(1, [HostPort(port: 8080, target: 80), HostPort(hostIP: "127.0.0.1", port: 8081, target: 80)])
        let other = try await self.pod(2, [])
        let server = try Peer.listen(in: pod.namespace, 80)

        try Peer.connect(from: outside, to: Self.nodeIP, 8080)
        #expect(try server.nextClient() == "192.0.2.1", "the client's own address")
        try Peer.connect(from: other.namespace, to: Self.nodeIP, 8080)
        #expect(try server.nextClient() == "10.7.0.3")
        try Peer.connect(from: pod.namespace, to: Self.nodeIP, 8080)
        #expect(try server.nextClient() == "10.7.0.1", "the pod itself, through the node")
        try Peer.connect(from: fixture.node, to: Self.nodeIP, 8080)
        #expect(try server.nextClient() == Self.nodeIP)
        try Peer.connect(from: fixture.node, source: Self.nodeIP, to: "127.0.0.1", 8081)
        #expect(try server.nextClient() == Self.nodeIP)
        try Peer.connect(from: other.namespace, to: "fd07::1", 8080)
        #expect(try server.nextClient() == "fd07::3")

        // The node's own way, which opens no way for its neighbours.
        try Peer.connect(from: fixture.node, source: "127.0.0.1", to: "127.0.0.1", 8080)
        #expect(try server.nextClient() == "10.7.0.1", "the bridge's address, by which the pod answers")
        try Peer.connect(from: fixture.node, to: "127.0.0.1", 8081)
        #expect(try server.nextClient() == "10.7.0.1")
        #expect(try localRouting("swl0") == "1")
        for name in ["all", "default", "uplink"] { #expect(try localRouting(name) == "0", "\(name)") }
        let refused = { (client: Namespace, source: String?, target: String, port: UInt16) throws in
            let error = #expect(throws: SystemError.self) { try Peer.connect(from: client, source: source, to: target, port) }
            #expect(error?.is(ECONNREFUSED) == true, "\(target):\(port): \(error.map { "\($0)" } ?? "connected")")
        }
        try refused(outside, nil, Self.nodeIP, 8081)

        try await network.detach(sandboxID: pod.sandbox.sandboxID)
        #expect(try !tables.contains("swiftlet-hostports"))
        #expect(try localRouting("swl0") == "0")
        try refused(outside, nil, Self.nodeIP, 8080)
        try refused(fixture.node, "127.0.0.1", "127.0.0.1", 8080)
    }

    private func localRouting(_ name: String) throws -> String {
        try fixture.node.withThreadBlocking { try SmallFile.line("/proc/sys/net/ipv4/conf/\(name)/route_localnet") }
    }

    @Test("a pod does not reach the node's loopback, though the way from there to pods is open") func loopbackIsGuarded() async throws {
        let pod = try await forwardedPod(1, [HostPort(port: 8080, target: 80)])
        #expect(try localRouting("swl0") == "1")
        let receiver = try Peer.datagrams(in: fixture.node, 5353)
        // A pod with the rights to change its network.
        _ = try Shell.run("sysctl -qw net.ipv4.conf.all.route_localnet=1", in: pod.namespace)
        _ = try Shell.run("ip address delete 127.0.0.1/8 dev lo", in: pod.namespace)
        _ = try Shell.run("ip route replace 127.0.0.1/32 via 10.7.0.1 dev eth0 onlink src 10.7.0.2", in: pod.namespace)
        let sender = try Peer.datagrams(in: pod.namespace)
        try sender.send("to the loopback", to: "127.0.0.1", 5353)
        try sender.send("to the bridge", to: "10.7.0.1", 5353)
        #expect(try receiver.receive() == "to the bridge")
    }

    @Test("the kernel lists the tables as they are compiled") func theKernelHasWhatTheTextSays() async throws {
        var pod = try await pod(1, HostPortClaimTests.ports).sandbox
        pod.addresses = ["10.7.0.2", "fd07::2"]
        try await network.forwardHostPorts(of: pod)
        // Elements of a hash have no order.
        let sorted = { (text: String) in text.split(whereSeparator: { "\n\t ,".contains($0) }).sorted() }
        for table in HostPortCompiler.compile([try HostPortClaim(pod).targets]) {
            #expect(try sorted(nft("list table \(table.id)")) == sorted(NftText.text(of: table)))
        }
    }

    @Test("a Service's port comes before a host port") func servicesComeFirst() async throws {
        let pod = try await forwardedPod(1, [HostPort(port: 443, target: 80), HostPort(port: 30080, target: 80)])
        let endpoint = try await self.pod(2, [])
        _ = try nft(
            """
            'add table ip services; add chain ip services pre { type nat hook prerouting priority dstnat; }; \
            add rule ip services pre ip daddr 10.96.0.10 tcp dport 443 dnat to 10.7.0.3:1443; \
            add rule ip services pre ip daddr 192.0.2.10 tcp dport 30080 dnat to 10.7.0.3:1443'
            """)
        let server = try Peer.listen(in: endpoint.namespace, 1443)
        let ports = try Peer.listen(in: pod.namespace, 80)
        try Peer.connect(from: outside, to: "10.96.0.10", 443)
        #expect(try server.nextClient() == "192.0.2.1")
        try Peer.connect(from: outside, to: Self.nodeIP, 30080)
        #expect(try server.nextClient() == "192.0.2.1")
        try Peer.connect(from: outside, to: Self.nodeIP, 443)
        #expect(try ports.nextClient() == "192.0.2.1")
        let elsewhere = try Peer.listen(in: outside, 443)
        try Peer.connect(from: endpoint.namespace, to: "192.0.2.1", 443)
        #expect(try elsewhere.nextClient() == "10.7.0.3", "another machine's port is not a host port")
    }

    @Test("a port has one owner, and a refused pod changes nothing") func oneOwnerForEachPort() async throws {
        let local = try await forwardedPod(1, [HostPort(hostIP: "127.0.0.1", port: 8080, target: 80)])
        _ = try await forwardedPod(2, [HostPort(hostIP: Self.nodeIP, port: 8080, target: 80)])
        _ = try await forwardedPod(3, [HostPort(transport: .udp, port: 8080, target: 80)])
        let before = try nft("list table ip swiftlet-hostports")
        let second = try await pod(4, [HostPort(port: 9090, target: 90), HostPort(hostIP: "127.0.0.1", port: 8080, target: 80)])
        let error = await #expect(throws: NetworkFailure.self) { try await network.forwardHostPorts(of: second.sandbox) }
        #expect(error?.code == .portTaken)
        #expect(error?.message.hasPrefix("host port 127.0.0.1:8080/TCP of pod default/pod-4 is in use by pod default/pod-1 on this node") == true)
        #expect(try nft("list table ip swiftlet-hostports") == before, "nothing of the refused pod is forwarded")
        try await network.forwardHostPorts(of: local.sandbox)
        #expect(try nft("list table ip swiftlet-hostports") == before)
        try await network.detach(sandboxID: local.sandbox.sandboxID)
        try await network.forwardHostPorts(of: second.sandbox)
        let server = try Peer.listen(in: second.namespace, 80)
        try Peer.connect(from: fixture.node, source: Self.nodeIP, to: "127.0.0.1", 8080)
        #expect(try server.nextClient() == Self.nodeIP)
    }

    @Test("twenty pods at once get their ports") func twentyPodsAtOnce() async throws {
        var sandboxes: [SandboxNetwork] = []
        for number in 0..<20 { sandboxes.append(try await pod(number, [HostPort(port: 9000 + UInt16(number), target: 80)]).sandbox) }
        try await withThrowingDiscardingTaskGroup { group in
            for sandbox in sandboxes { group.addTask { try await network.forwardHostPorts(of: sandbox) } }
        }
        #expect(try nft("list map ip swiftlet-hostports ports-of-all-addresses").components(of: "tcp . 90") == 20)
        try await withThrowingDiscardingTaskGroup { group in
            for sandbox in sandboxes { group.addTask { try await network.detach(sandboxID: sandbox.sandboxID) } }
        }
        #expect(try !tables.contains("swiftlet-hostports"))
    }

    @Test("a restarted agent adopts the rules and the claims") func aRestartedAgentAdoptsTheRules() async throws {
        let kept = try await forwardedPod(1, [HostPort(port: 8080, target: 80)])
        let gone = try await forwardedPod(2, [HostPort(port: 8081, target: 80)])
        let store = try KernelRulesetStore(namespace: fixture.node.descriptor)

        let unchanged = try await store.generation()
        let next = try fixture.network()
        try await next.recover([kept.sandbox, gone.sandbox])
        #expect(try await store.generation() == unchanged, "what is right is not written again")

        var ended = gone.sandbox
        ended.isRunning = false
        let another = try fixture.network()
        try await another.recover([kept.sandbox, ended])
        let rules = try nft("list table ip swiftlet-hostports")
        #expect(rules.contains("tcp . 8080 : 10.7.0.2 . 80") && !rules.contains("8081"))
        let taker = try await pod(3, [HostPort(port: 8080, target: 80)])
        await #expect(throws: NetworkFailure.self, "still taken") { try await another.forwardHostPorts(of: taker.sandbox) }
    }

    @Test("changes by another program are repaired", .timeLimit(.minutes(1))) func foreignChangesAreRepaired() async throws {
        let changes = try await KernelRulesetStore(namespace: fixture.node.descriptor)
            .foreignChanges(to: [TableID(.ip, "swiftlet-hostports")])
        let pod = try await forwardedPod(1, [HostPort(port: 8080, target: 80)])
        let server = try Peer.listen(in: pod.namespace, 80)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await forwarder.run() }
            // The subscription is there once a change is repaired; one before it is found by the first look.
            for damage in ["delete table ip swiftlet-hostports", "flush map ip swiftlet-hostports ports-of-all-addresses"] {
                _ = try nft(damage)
                for await _ in changes where try nft("list ruleset").contains("tcp . 8080 : 10.7.0.2 . 80") { break }
                try Peer.connect(from: outside, to: Self.nodeIP, 8080)
                #expect(try server.nextClient() == "192.0.2.1")
            }
            group.cancelAll()
        }
    }

    @Test("a client that keeps its socket reaches the pod that has the port now") func datagramsFollowThePort() async throws {
        let port = HostPort(transport: .udp, port: 5353, target: 53)
        _ = try await forwardedPod(9, [HostPort(port: 1, target: 1)])
        let first = try await pod(1, [port])
        let second = try await pod(2, [port])
        let client = try Peer.datagrams(in: outside)
        let servers = [try Peer.datagrams(in: first.namespace, 53), try Peer.datagrams(in: second.namespace, 53)]

        try client.send("nobody", to: Self.nodeIP, 5353)
        try await network.forwardHostPorts(of: first.sandbox)
        try client.send("first", to: Self.nodeIP, 5353)
        #expect(try servers[0].receive() == "first")
        try await network.detach(sandboxID: first.sandbox.sandboxID)
        try await network.forwardHostPorts(of: second.sandbox)
        try client.send("second", to: Self.nodeIP, 5353)
        #expect(try servers[1].receive() == "second")
    }
}

extension String {
    fileprivate func components(of part: String) -> Int { ranges(of: part).count }
}
