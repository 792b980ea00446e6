import Glibc
import LinuxNetlink
import LinuxNftables
import Logging
import Nftables
import ProxyAgent
import ProxyCore
import TestSupport
import Testing
import Timing

@testable import KubeModel

@Suite(.enabled(if: isRoot, "needs root"), .serialized) struct ServiceTrafficTests {
    let cluster: TestCluster
    let store: KernelRulesetStore
    let source = SettableServiceSource()
    let agent: ProxyAgent

    init() throws {
        cluster = try TestCluster()
        store = try cluster.node.store()
        agent = ProxyAgent(
            source: source, store: store, conntrack: try ConntrackTable(namespace: cluster.node.descriptor),
            logger: Logger(label: "test"), time: SystemTime())
    }

    /// Runs the agent while `body` works.
    func running(_ agent: ProxyAgent? = nil, _ body: () async throws -> Void) async throws {
        let agent = agent ?? self.agent
        let task = Task { try await agent.run() }
        do {
            try await body()
        } catch {
            task.cancel()
            _ = await task.result
            throw error
        }
        task.cancel()
        try await task.value
    }

    /// Sets a snapshot and waits until the kernel has it.
    func sync(_ services: [Service], _ slices: [EndpointSlice], agent: ProxyAgent? = nil) async throws {
        let agent = agent ?? self.agent
        let before = agent.status.syncs
        source.set(ServiceSnapshot(services: services, slices: slices, configuration: TestCluster.configuration))
        try await eventually("a sync") { agent.status.syncs > before }
    }

    func eventually(_ what: String, within limit: Duration = .seconds(60), _ condition: () async throws -> Bool) async throws {
        if try await TestSupport.eventually(within: limit, condition) { return }
        Issue.record("\(what) did not happen within \(limit); status: \(agent.status.lastFailure ?? "no failure")")
    }

    static let web = TestCluster.service(
        "web", ip: "10.96.0.10",
        [ServicePort(name: "http", port: 80, nodePort: 30080), ServicePort(name: "dns", protocol: "UDP", port: 53, nodePort: 30053)],
        type: "NodePort")
    static let ports: [EndpointSlice.Port] = [.init(name: "http", protocol: "TCP", port: 8080), .init(name: "dns", protocol: "UDP", port: 8080)]

    @Test("pods, node and outside reach a Service") func podsHostAndOutsideReachTheService() async throws {
        for (index, pod) in cluster.pods.enumerated() { try cluster.serve(pod, tag: "pod\(index)") }
        try await running {
            try await sync([Self.web], [TestCluster.slice("web", TestCluster.podAddresses, ports: Self.ports)])

            for (place, client) in [(cluster.pods[0], "10.244.0.2"), (cluster.node, "10.244.0.1")] {
                let answers = try cluster.ask(place, "10.96.0.10", 80, count: 40)
                #expect(Set(answers.map { $0.split(separator: " ")[0] }) == ["pod0", "pod1"], "\(answers)")
                // A pod's address is kept on the way to another pod; a pod that reaches itself, and the node, come from the bridge.
                for answer in answers where answer.hasPrefix("pod1") { #expect(answer == "pod1 \(client)") }
                for answer in answers where answer.hasPrefix("pod0") { #expect(answer == "pod0 10.244.0.1") }
                let datagrams = try cluster.ask(place, "10.96.0.10", 53, udp: true, count: 40)
                #expect(Set(datagrams.map { $0.split(separator: " ")[0] }) == ["pod0", "pod1"], "\(datagrams)")
            }
            // From outside, through the NodePort and through a route to the ClusterIP: the node answers for the pods.
            for port in [(TestCluster.nodeAddress, 30080), ("10.96.0.10", 80)] {
                let answers = try cluster.ask(cluster.outside, port.0, port.1, count: 20)
                #expect(Set(answers) == ["pod0 10.244.0.1", "pod1 10.244.0.1"], "\(port)")
            }
            #expect(
                Set(try cluster.ask(cluster.outside, TestCluster.nodeAddress, 30053, udp: true, count: 20)) == ["pod0 10.244.0.1", "pod1 10.244.0.1"])
            #expect(Set(try cluster.ask(cluster.node, TestCluster.nodeAddress, 30080, count: 20)) == ["pod0 10.244.0.1", "pod1 10.244.0.1"])
            #expect(Set(try cluster.ask(cluster.pods[0], TestCluster.nodeAddress, 30080, count: 20)) == ["pod0 10.244.0.1", "pod1 10.244.0.1"])
            // Never on loopback.
            #expect(try cluster.ask(cluster.node, "127.0.0.1", 30080) == ["ECONNREFUSED"])
        }
    }

    @Test("pods reach the outside with the node's address") func podsReachTheOutsideWithTheNodesAddress() async throws {
        try cluster.serve(cluster.outside, tag: "outside")
        try await running {
            try await sync([], [])
            #expect(try cluster.ask(cluster.pods[0], "192.168.77.99", 8080) == ["outside 192.168.77.11"])
        }
    }

    @Test("a Service without endpoints refuses") func nobodyBehindAServiceIsARefusal() async throws {
        try cluster.serve(cluster.pods[0], tag: "pod0")
        try await running {
            try await sync([Self.web], [TestCluster.slice("web", [], ports: Self.ports)])
            for (place, name) in [(cluster.pods[0], "pod"), (cluster.node, "node"), (cluster.outside, "outside")] {
                #expect(try cluster.ask(place, "10.96.0.10", 80) == ["ECONNREFUSED"])
                // A packet that the machine itself may not send fails in the send already.
                let refusal = name == "node" ? "EPERM" : "ECONNREFUSED"
                #expect(try cluster.ask(place, "10.96.0.10", 53, udp: true) == [refusal], "from \(name)")
                #expect(try cluster.ask(place, TestCluster.nodeAddress, 30080) == ["ECONNREFUSED"])
            }
            try await sync([Self.web], [TestCluster.slice("web", ["10.244.0.2"], ports: Self.ports)])
            for place in [cluster.pods[1], cluster.node, cluster.outside] {
                #expect(try cluster.ask(place, "10.96.0.10", 80).first?.hasPrefix("pod0") == true)
                // A known address, an unknown port.
                #expect(try cluster.ask(place, "10.96.0.10", 81) == ["ECONNREFUSED"])
            }
        }
    }

    @Test("a client with session affinity keeps its endpoint until that is gone, over a restart of the agent") func sessionAffinity() async throws {
        for (index, pod) in cluster.pods.enumerated() { try cluster.serve(pod, tag: "pod\(index)") }
        var service = Self.web
        service.spec?.sessionAffinity = "ClientIP"
        let both = [TestCluster.slice("web", TestCluster.podAddresses, ports: Self.ports)]
        func tags(_ place: TestNamespace, _ address: String, _ port: Int, udp: Bool = false) throws -> Set<Substring> {
            Set(try cluster.ask(place, address, port, udp: udp, count: 20).map { $0.split(separator: " ")[0] })
        }
        let places: [(TestNamespace, String, Int, Bool)] = [
            (cluster.pods[1], "10.96.0.10", 80, false), (cluster.node, "10.96.0.10", 80, false), (cluster.pods[0], "10.96.0.10", 53, true),
            (cluster.outside, TestCluster.nodeAddress, 30080, false), (cluster.outside, TestCluster.nodeAddress, 30053, true),
        ]
        var chosen: [Set<Substring>] = []
        try await running {
            try await sync([service], both)
            chosen = try places.map { try tags($0.0, $0.1, $0.2, udp: $0.3) }
            #expect(chosen.allSatisfy { $0.count == 1 }, "\(chosen)")
            #expect(try cluster.node.run("nft list map ip swiftlet affinities").contains(". tcp . 30080"))
        }
        // With the flows of endpoints that are gone, or a client's port that comes again would be led to them.
        let next = ProxyAgent(
            source: source, store: try cluster.node.store(), conntrack: try ConntrackTable(namespace: cluster.node.descriptor),
            logger: Logger(label: "test"), time: SystemTime())
        try await running(next) {
            try await eventually("the first sync") { next.status.syncs > 0 }
            #expect(try places.map { try tags($0.0, $0.1, $0.2, udp: $0.3) } == chosen)
            try await sync([service], [TestCluster.slice("web", ["10.244.0.3"], ports: Self.ports)], agent: next)
            for place in places { #expect(try tags(place.0, place.1, place.2, udp: place.3) == ["pod1"]) }
            // Back again: who has moved stays.
            try await sync([service], both, agent: next)
            for place in places { #expect(try tags(place.0, place.1, place.2, udp: place.3) == ["pod1"]) }
            // Off: everybody draws anew.
            try await sync([Self.web], both, agent: next)
            #expect(try tags(cluster.pods[1], "10.96.0.10", 80) == ["pod0", "pod1"])
            // On, with a timeout that ends.
            var config = ServiceSpec.SessionAffinityConfig()
            config.clientIP = .init()
            config.clientIP?.timeoutSeconds = 1
            service.spec?.sessionAffinityConfig = config
            try await sync([service], both, agent: next)
            #expect(try tags(cluster.pods[1], "10.96.0.10", 80).count == 1)
            try await eventually("the end of the client's time", within: .seconds(30)) {
                try !cluster.node.run("nft list map ip swiftlet affinities").contains("10.244.0.3 . 10.96.0.10")
            }
        }
    }

    @Test("policy Local keeps the client's address, and a TCP refusal is never late") func policiesAndRefusals() async throws {
        for (index, pod) in cluster.pods.enumerated() { try cluster.serve(pod, tag: "pod\(index)") }
        var service = Self.web
        service.spec?.externalTrafficPolicy = "Local"
        service.spec?.externalIPs = ["10.96.200.7"]
        var slice = TestCluster.slice("web", TestCluster.podAddresses, ports: Self.ports)
        slice.endpoints?[1].nodeName = "elsewhere"
        try await running {
            try await sync([service], [slice])
            for (address, port) in [(TestCluster.nodeAddress, 30080), ("10.96.200.7", 80)] {
                #expect(Set(try cluster.ask(cluster.outside, address, port, count: 10)) == ["pod0 192.168.77.99"], "\(address)")
                #expect(Set(try cluster.ask(cluster.node, address, port, count: 20).map { $0.prefix(4) }) == ["pod0", "pod1"], "\(address)")
                // The pod reaches itself through the node, and the other one with its own address.
                #expect(Set(try cluster.ask(cluster.pods[0], address, port, count: 20)) == ["pod0 10.244.0.1", "pod1 10.244.0.2"], "\(address)")
            }
            try await sync([service], [TestCluster.slice("web", [], ports: Self.ports)])
            // A lost refusal would be repeated after a second, which these clients do not wait for.
            for place in [cluster.outside, cluster.node, cluster.pods[0]] {
                #expect(Set(try cluster.ask(place, "10.96.0.10", 80, count: 30, patience: 0.9)) == ["ECONNREFUSED"])
            }
        }
    }

    @Test("a removed endpoint loses its UDP flows") func aRemovedEndpointLosesItsUDPFlows() async throws {
        for (index, pod) in cluster.pods.enumerated() { try cluster.serve(pod, tag: "pod\(index)") }
        try await running {
            try await sync([Self.web], [TestCluster.slice("web", ["10.244.0.2"], ports: Self.ports)])
            // One socket, one flow, kept over the change.
            let program = """
                import socket, sys
                s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("0.0.0.0", 5353)); s.settimeout(3)
                s.connect(("10.96.0.10", 53)); s.send(b"x"); print(s.recv(99).decode())
                """
            let path = "/tmp/swiftlet-test-\(getpid())-udp.py"
            let file = try #require(fopen(path, "w"))
            defer { unlink(path) }
            fputs(program, file)
            fclose(file)
            #expect(try cluster.outside.run("python3 \(path)").hasPrefix("pod0"))
            #expect(try await ConntrackTable(namespace: cluster.node.descriptor).flows(transport: 17).contains { $0.isDestinationTranslated })
            try await sync([Self.web], [TestCluster.slice("web", ["10.244.0.3"], ports: Self.ports)])
            try await eventually("the deletion of the flow") { agent.status.deletedFlows == 1 }
            #expect(try cluster.outside.run("python3 \(path)").hasPrefix("pod1"))
            // A flow to an endpoint that stays is left alone.
            try await sync([Self.web], [TestCluster.slice("web", ["10.244.0.2", "10.244.0.3"], ports: Self.ports)])
            #expect(agent.status.deletedFlows == 1)
        }
    }

    @Test("a restart adopts the rules without a lost request") func aRestartAdoptsTheRulesWithoutALostRequest() async throws {
        for (index, pod) in cluster.pods.enumerated() { try cluster.serve(pod, tag: "pod\(index)") }
        let services = [Self.web]
        let slices = [TestCluster.slice("web", TestCluster.podAddresses, ports: Self.ports)]
        try await running { try await sync(services, slices) }
        let generation = try await store.generation()
        let listed = try cluster.node.ruleset()

        // Requests all the time, over the end of one agent and the start of the next.
        let cluster = self.cluster
        let answers = Task.detached { try cluster.ask(cluster.outside, TestCluster.nodeAddress, 30080, count: 400) }
        let next = ProxyAgent(source: source, store: try cluster.node.store(), conntrack: nil, logger: Logger(label: "test"), time: SystemTime())
        try await running(next) {
            try await eventually("the first sync") { next.status.syncs > 0 }
            #expect(try await store.generation() == generation, "adoption must not write")
            #expect(try cluster.node.ruleset() == listed)
            try await sync(services, [TestCluster.slice("web", ["10.244.0.3"], ports: Self.ports)], agent: next)
        }
        #expect(try await answers.value.allSatisfy { $0.hasPrefix("pod") })
        #expect(Set(try cluster.ask(cluster.outside, TestCluster.nodeAddress, 30080, count: 10)) == ["pod1 10.244.0.1"])
    }

    @Test("without a snapshot nothing is changed") func withoutASnapshotNothingIsTouched() async throws {
        try cluster.node.run("nft add table ip swiftlet && nft add chain ip swiftlet old")
        try await running {
            source.set(nil)
            try await Task.sleep(for: .milliseconds(100))
            #expect(try cluster.node.ruleset().contains("chain old"))
            try await sync([], [])
            #expect(try !cluster.node.ruleset().contains("chain old"))
        }
    }

    @Test("a foreign flush is repaired within a second") func aForeignFlushIsRepairedWithinASecond() async throws {
        try cluster.serve(cluster.pods[0], tag: "pod0")
        try await running {
            try await sync([Self.web], [TestCluster.slice("web", ["10.244.0.2"], ports: Self.ports)])
            for (count, vandalism) in ["nft delete table ip swiftlet", "nft flush ruleset", "nft flush chain ip swiftlet services"].enumerated() {
                let start = ContinuousClock.now
                try cluster.node.run(vandalism)
                try await eventually("the repair after \(vandalism)") { agent.status.repairs == count + 1 }
                print("repaired after \(vandalism) in \(ContinuousClock.now - start)")
                #expect(try cluster.ask(cluster.pods[1], "10.96.0.10", 80) == ["pod0 10.244.0.3"])
            }
        }
    }
}
