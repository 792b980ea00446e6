import Addresses
import Glibc
import LinuxNetlink
import LinuxNftables
import LinuxSystem
import Logging
import PodCore
import PodNetwork
import Synchronization
import TestSupport
import Testing
import Timing

/// A node in a network namespace of its own, with pods in theirs. Descriptors are the only thing that holds them.
final class NetworkFixture: Sendable {
    let node: Namespace
    let stack: NetworkStack
    let directory: String

    init() throws {
        node = try Namespace.makeBlocking(.net)
        stack = try NetworkStack(namespace: node.descriptor)
        directory = "/tmp/swiftlet-test-network-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        // An uplink with a default route, as a node has it.
        let mac = try #require(MACAddress("02:00:00:00:00:01"))
        let uplink = try stack.ensureBridge("uplink", mac: mac, mtu: 1400)
        try stack.addAddress(#require(CIDR("192.0.2.10/24")), to: uplink.index)
        let gateway = try #require(IPAddress("192.0.2.1"))
        try stack.replaceRoute(Route(to: .everything(.v4), via: gateway, link: uplink.index))
    }

    deinit { try? TreeRemoval.remove(directory) }

    private let pods = Mutex<[Namespace]>([])

    /// The path of a new pod's namespace, held until the test ends.
    func pod() async throws -> String { path(try await namespace()) }

    func namespace() async throws -> Namespace {
        let made = try await Namespace.make(.net)
        pods.withLock { $0.append(made) }
        return made
    }

    func path(_ namespace: Namespace) -> String { namespace.descriptor.procPath }

    func network(
        hairpin: NetworkSettings.Hairpin = .ports, routing: NetworkSettings.Routing = .hostGateway, hostPorts: HostPortForwarder? = nil
    ) throws -> PodNetwork {
        PodNetwork(
            settings: NetworkSettings(hairpin: hairpin, routing: routing, stateDirectory: directory, nodeNamespace: node),
            hostPorts: try hostPorts ?? forwarder())
    }

    func forwarder() throws -> HostPortForwarder {
        HostPortForwarder(
            store: try KernelRulesetStore(namespace: node.descriptor), conntrack: try ConntrackTable(namespace: node.descriptor),
            logger: Logger(label: "test"), time: SystemTime())
    }

    var records: [String] { get throws { try DirectoryListing.names(at: directory) } }

    static func id(_ number: Int) -> String {
        let hex = String(number, radix: 16)
        return String(repeating: "a", count: 11 - hex.utf8.count) + hex + String(repeating: "0", count: 53)
    }
}

@Suite(.enabled(if: isRoot, "needs root")) struct PodNetworkTests {
    let fixture: NetworkFixture

    init() throws { fixture = try NetworkFixture() }

    private func path(_ namespace: Namespace) -> String { fixture.path(namespace) }

    @Test("pods reach the node and each other") func podsReachTheNodeAndEachOther() async throws {
        let network = try fixture.network()
        try await network.setUp(podCIDRs: ["10.7.0.0/24", "fd07::/64"])
        let first = try await fixture.namespace()
        let second = try await fixture.namespace()
        let firstIPs = try await network.attach(sandboxID: NetworkFixture.id(1), networkNamespacePath: path(first))
        #expect(firstIPs == ["10.7.0.2", "fd07::2"])
        #expect(try await network.attach(sandboxID: NetworkFixture.id(1), networkNamespacePath: path(first)) == firstIPs)
        #expect(try await network.attach(sandboxID: NetworkFixture.id(2), networkNamespacePath: path(second)) == ["10.7.0.3", "fd07::3"])

        let bridge = try #require(try fixture.stack.link(named: "swl0"))
        #expect(bridge.mtu == 1400, "the uplink's")
        let port = try #require(try fixture.stack.link(named: "swlaaaaaaaaaa1"))
        #expect(port.master == bridge.index && port.mtu == 1400 && port.isHairpin && port.isUp)
        let pod = try NetworkStack(namespace: first.descriptor)
        #expect(try pod.link(named: "lo")?.isUp == true)
        #expect(try pod.link(named: "eth0")?.mac?.description == "0a:58:0a:07:00:02")
        #expect(try pod.routes().filter(\.isDefault).compactMap { $0.gateway?.description }.sorted() == ["10.7.0.1", "fd07::1"])
        #expect(try await fixture.node.withThread { try SmallFile.line("/proc/sys/net/ipv4/ip_forward") } == "1")
        #expect(try await fixture.node.withThread { try SmallFile.line("/proc/sys/net/ipv6/conf/all/forwarding") } == "1")
        #expect(try await fixture.node.withThread { try SmallFile.line("/proc/sys/net/ipv4/conf/swl0/rp_filter") } == "2")
        #expect(try await fixture.node.withThread { try SmallFile.line("/proc/sys/net/ipv6/conf/swl0/accept_dad") } == "0")
        for target in ["10.7.0.1", "10.7.0.3", "192.0.2.10", "fd07::1", "fd07::3"] {
            #expect(try await Echo.works(from: first, to: target, in: target.hasSuffix("3") ? second : fixture.node), "\(target)")
        }
        #expect(try await network.nodeAddresses().reachable == ["192.0.2.10"])
    }

    @Test("the node keeps its address without a default route, and finds one on the way to the API server") func nodeWithoutDefaultRoute()
        async throws
    {
        let stack = fixture.stack
        let network = try fixture.network()
        #expect(try await network.nodeAddresses().reachable == ["192.0.2.10"])
        let uplink = try #require(try stack.link(named: "uplink"))
        try stack.deleteRoute(Route(to: .everything(.v4), via: #require(IPAddress("192.0.2.1")), link: uplink.index))
        #expect(try await network.nodeAddresses().reachable == ["192.0.2.10"])

        let restarted = try fixture.network()
        #expect(try await restarted.nodeAddresses().reachable.isEmpty)
        #expect(try await restarted.nodeAddresses().present == ["192.0.2.10"])
        await restarted.setServer { ["203.0.113.1", "192.0.2.1"] }
        #expect(try await restarted.nodeAddresses().reachable == ["192.0.2.10"])

        try stack.removeAddress(#require(CIDR("192.0.2.10/24")), from: uplink.index)
        #expect(try await network.nodeAddresses().reachable.isEmpty, "the machine has this address no longer")
        #expect(try await restarted.nodeAddresses().reachable.isEmpty)
    }

    @Test("twenty pods at once get twenty addresses") func twentyAtOnceGetTwentyAddresses() async throws {
        let network = try fixture.network(hairpin: .promiscuousBridge)
        try await network.setUp(podCIDRs: ["10.7.0.0/24"])
        let addresses = try await withThrowingTaskGroup(of: [String].self) { group in
            for number in 0..<20 {
                group.addTask {
                    let namespace = try await fixture.namespace()
                    return try await network.attach(sandboxID: NetworkFixture.id(number), networkNamespacePath: namespace.descriptor.procPath)
                }
            }
            return try await group.reduce(into: Set<String>()) { $0.formUnion($1) }
        }
        #expect(addresses == Set((2...21).map { "10.7.0.\($0)" }))
        #expect(try Set(fixture.records) == addresses)
        #expect(try fixture.stack.link(named: "swl0")?.isPromiscuous == true)
        for number in 0..<20 { try await network.detach(sandboxID: NetworkFixture.id(number)) }
        try await network.detach(sandboxID: NetworkFixture.id(0))
        #expect(try fixture.records == [])
    }

    @Test("a full range is reported as exhausted") func aFullRangeSaysSo() async throws {
        let network = try fixture.network()
        try await network.setUp(podCIDRs: ["10.7.0.0/30"])
        let namespaces = [try await fixture.namespace(), try await fixture.namespace()]
        #expect(try await network.attach(sandboxID: NetworkFixture.id(1), networkNamespacePath: path(namespaces[0])) == ["10.7.0.2"])
        let error = await #expect(throws: NetworkFailure.self) {
            _ = try await network.attach(sandboxID: NetworkFixture.id(2), networkNamespacePath: path(namespaces[1]))
        }
        #expect(error?.code == .exhausted)
        #expect(error?.message.contains("10.7.0.0/30") == true)
        try await network.detach(sandboxID: NetworkFixture.id(1))
        #expect(try await network.attach(sandboxID: NetworkFixture.id(2), networkNamespacePath: path(namespaces[1])) == ["10.7.0.2"])
    }

    @Test("a restarted agent keeps the addresses in use") func aRestartedAgentKeepsWhatIsInUse() async throws {
        let pods = [try await fixture.namespace(), try await fixture.namespace(), try await fixture.namespace()]
        let before = try fixture.network()
        try await before.setUp(podCIDRs: ["10.7.0.0/29"])
        for (number, pod) in pods.enumerated() {
            _ = try await before.attach(sandboxID: NetworkFixture.id(number), networkNamespacePath: path(pod))
        }
        let after = try fixture.network()
        // 0 and 2 are still there, though 0 without its record; 9 is known to the runtime only; 1 has gone meanwhile.
        try await after.recover([sandbox(0, nil), sandbox(1, "10.7.0.3", isRunning: false), sandbox(2, "10.7.0.4"), sandbox(9, "10.7.0.5")])
        try await after.setUp(podCIDRs: ["10.7.0.0/29"])
        #expect(try fixture.records == ["10.7.0.2", "10.7.0.4", "10.7.0.5"])
        #expect(try await after.attach(sandboxID: NetworkFixture.id(2), networkNamespacePath: path(pods[2])) == ["10.7.0.4"])
        let fresh = try await fixture.namespace()
        let next = try await after.attach(sandboxID: NetworkFixture.id(5), networkNamespacePath: path(fresh))
        #expect(next == ["10.7.0.6"], "behind the last one recorded, not the one that has just become free")
        let last = try await after.attach(sandboxID: NetworkFixture.id(6), networkNamespacePath: fixture.pod())
        #expect(last == ["10.7.0.3"], "the address of the sandbox that has gone is free")
    }

    private func sandbox(_ number: Int, _ address: String?, isRunning: Bool = true) -> SandboxNetwork {
        SandboxNetwork(
            sandboxID: NetworkFixture.id(number), pod: PodIdentity(namespace: "default", name: "pod-\(number)", uid: "\(number)"),
            addresses: address.map { [$0] } ?? [],
            isRunning: isRunning)
    }

    @Test("another range holds for new pods only") func anotherRangeHoldsForNewPodsOnly() async throws {
        let old = try await fixture.namespace()
        let new = try await fixture.namespace()
        let network = try fixture.network()
        try await network.setUp(podCIDRs: ["10.7.0.0/24"])
        #expect(try await network.attach(sandboxID: NetworkFixture.id(1), networkNamespacePath: path(old)) == ["10.7.0.2"])
        let mac = try fixture.stack.link(named: "swl0")?.mac
        try await network.setUp(podCIDRs: ["10.8.0.0/24"])
        #expect(try fixture.stack.link(named: "swl0")?.mac == mac)
        #expect(try await network.attach(sandboxID: NetworkFixture.id(1), networkNamespacePath: path(old)) == ["10.7.0.2"])
        #expect(try await network.attach(sandboxID: NetworkFixture.id(2), networkNamespacePath: path(new)) == ["10.8.0.2"])
        #expect(try await Echo.works(from: new, to: "10.7.0.2", in: old))
        #expect(try bridgeAddresses() == ["10.7.0.1/24", "10.8.0.1/24"])
        try await network.detach(sandboxID: NetworkFixture.id(1))
        try await network.setUp(podCIDRs: ["10.8.0.0/24"])
        #expect(try bridgeAddresses() == ["10.8.0.1/24"])
    }

    private func bridgeAddresses() throws -> [String] {
        let bridge = try #require(try fixture.stack.link(named: "swl0"))
        return try fixture.stack.addresses().filter { $0.link == bridge.index && $0.scope == 0 }.map(\.cidr.description).sorted()
    }

    @Test("each end of a pod's interface sends no more than the pod's limits") func bandwidth() async throws {
        let network = try fixture.network()
        try await network.setUp(podCIDRs: ["10.7.0.0/24"])
        let (limited, free) = (try await fixture.namespace(), try await fixture.namespace())
        func queues(_ device: String, in namespace: Namespace) throws -> String {
            try Shell.run("tc -j qdisc show dev \(device) root", in: namespace)
        }
        for limits in [PodBandwidth(ingress: 8_000_000, egress: 2_000_000), PodBandwidth(ingress: 40_000_000_000, egress: 16_000_000)] {
            _ = try await network.attach(sandboxID: NetworkFixture.id(1), networkNamespacePath: path(limited), bandwidth: limits)
            for (text, rate) in [
                (try queues("eth0", in: limited), limits.egress),
                (try queues(PodInterface.hostName(sandboxID: NetworkFixture.id(1)), in: fixture.node), limits.ingress),
            ] {
                #expect(text.contains("\"kind\":\"tbf\"") && text.contains("\"rate\":\((rate ?? 0) / 8),"), "\(text)")
            }
        }
        _ = try await network.attach(sandboxID: NetworkFixture.id(2), networkNamespacePath: path(free))
        #expect(try !queues("eth0", in: free).contains("tbf"))
        #expect(try await Echo.works(from: limited, to: "10.7.0.3", in: free))
    }

    @Test("a pod that takes another address or link address reaches nobody with it") func spoofing() async throws {
        let network = try fixture.network()
        try await network.setUp(podCIDRs: ["10.7.0.0/24", "fd07::/64"])
        let pods = [try await fixture.namespace(), try await fixture.namespace()]
        for (number, pod) in pods.enumerated() {
            _ = try await network.attach(sandboxID: NetworkFixture.id(number + 1), networkNamespacePath: path(pod))
        }
        let receiver = try Peer.datagrams(in: fixture.node, 5353)
        func send(_ text: String) throws { try Peer.datagrams(in: pods[0]).send(text, to: "10.7.0.1", 5353) }
        _ = try Shell.run("ip address add 10.7.0.77/32 dev eth0", in: pods[0])
        _ = try Shell.run("ip route replace default via 10.7.0.1 dev eth0 onlink src 10.7.0.77", in: pods[0])
        try send("from another address")
        _ = try Shell.run("ip route replace default via 10.7.0.1 dev eth0 onlink src 10.7.0.2", in: pods[0])
        _ = try Shell.run("ip link set eth0 address 0a:58:0a:07:00:03", in: pods[0])
        try send("from another link address")
        _ = try Shell.run("ip link set eth0 address 0a:58:0a:07:00:02", in: pods[0])
        try send("from its own")
        #expect(try receiver.receive() == "from its own")
        #expect(try await Echo.works(from: pods[0], to: "fd07::3", in: pods[1]))

        // Another program removes the check: it is noticed, and made again.
        _ = try Shell.run("tc qdisc delete dev swlaaaaaaaaaa1 ingress", in: fixture.node)
        func findings(fix: Bool) async throws -> [String] { try await network.check(fix: fix) { _ in true }.map { "\($0.found): \($0.done)" } }
        #expect(try await findings(fix: false) == ["swlaaaaaaaaaa1 takes packets with any source: nothing: --fix repairs it"])
        #expect(try await findings(fix: true) == ["swlaaaaaaaaaa1 takes packets with any source: repaired"])
        #expect(try await findings(fix: false) == [])
    }

    @Test("mistakes are named") func mistakesAreNamed() async throws {
        let network = try fixture.network()
        let namespace = try await fixture.namespace()
        let early = await #expect(throws: NetworkFailure.self) {
            _ = try await network.attach(sandboxID: NetworkFixture.id(1), networkNamespacePath: path(namespace))
        }
        #expect(early?.code == .notReady)
        for ranges in [["10.0.0.0"], ["10.0.0.0/31"], ["10.0.0.0/24", "10.1.0.0/24"]] {
            let error = await #expect(throws: NetworkFailure.self) { try await network.setUp(podCIDRs: ranges) }
            #expect(error?.code == .invalidRange)
        }
        await #expect(throws: NetworkFailure.self) { try await network.setUp(podCIDRs: []) }
        try await network.setUp(podCIDRs: ["10.7.0.0/24"])
        let missing = await #expect(throws: NetworkFailure.self) {
            _ = try await network.attach(sandboxID: NetworkFixture.id(1), networkNamespacePath: "/nonexistent")
        }
        #expect(missing?.code == .kernel)
        #expect(missing?.message.contains("/nonexistent") == true)
        #expect(try fixture.records == [], "a failed attach keeps no address")
        let kept = try await network.attach(sandboxID: NetworkFixture.id(1), networkNamespacePath: path(namespace))
        await #expect(throws: NetworkFailure.self, "another sandbox with the same beginning must not take the interface") {
            _ = try await network.attach(sandboxID: NetworkFixture.id(1) + "0", networkNamespacePath: fixture.pod())
        }
        #expect(try NetworkStack(namespace: namespace.descriptor).link(named: "eth0") != nil)
        #expect(try fixture.records == kept)
    }
}

/// One UDP datagram from a namespace to an address that a socket in another namespace listens on.
enum Echo {
    static func works(from client: Namespace, to target: String, in server: Namespace) async throws -> Bool {
        let family = target.contains(":") ? AF_INET6 : AF_INET
        let bound = try server.withThreadBlocking { try bind(family, target) }
        try client.withThreadBlocking {
            let socket = try makeSocket(family)
            try withAddress(target, bound.port) { address, length in
                _ = try systemCall("sendto", target) { socket.withRawValue { sendto($0, "x", 1, 0, address, length) } }
            }
        }
        do {
            try await ReadinessLoop.shared().wait(for: bound.socket, .readable, timeout: .seconds(60))
            return true
        } catch let error as SystemError where error.code == .timedOut {
            return false
        }
    }

    private static func makeSocket(_ family: Int32) throws -> OwnedFileDescriptor {
        try descriptorCall("socket") { socket(family, Int32(SOCK_DGRAM.rawValue), 0) }
    }

    private static func bind(_ family: Int32, _ target: String) throws -> (socket: OwnedFileDescriptor, port: UInt16) {
        let socket = try makeSocket(family)
        let port: UInt16 = 4711
        try withAddress(target, port) { address, length in
            _ = try systemCall("bind", target) { socket.withRawValue { Glibc.bind($0, address, length) } }
        }
        return (socket, port)
    }

    static func withAddress(_ text: String, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Void) throws {
        var storage = sockaddr_storage()
        let bytes = try #require(IPAddress(text)).bytes
        let length = withUnsafeMutableBytes(of: &storage) { raw -> Int in
            let family = UInt16(bytes.count == 4 ? AF_INET : AF_INET6)
            raw.storeBytes(of: family, as: UInt16.self)
            raw.storeBytes(of: port.bigEndian, toByteOffset: 2, as: UInt16.self)
            raw.baseAddress!.advanced(by: bytes.count == 4 ? 4 : 8).copyMemory(from: bytes, byteCount: bytes.count)
            return bytes.count == 4 ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size
        }
        try withUnsafePointer(to: &storage) { pointer in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { try body($0, socklen_t(length)) }
        }
    }
}
