import KubeModel
import Logging
import PodCore
import Synchronization
import TestSupport
import Testing

@testable import NodeAgent

@Suite("The node's nameservers", .timeLimit(.minutes(1))) struct NodeResolverTests {
    private static let upstream = "/run/systemd/resolve/resolv.conf"
    private static let stub = "nameserver 127.0.0.53\noptions edns0 trust-ad\nsearch .\n"

    private let node = FakeNode()
    private let lines = Journal<String>()

    private func resolver(_ files: [String: String]) -> NodeResolver {
        node.state.withLock { $0.nodeFiles = files }
        return NodeResolver(folders: node, logger: Logger(label: "test") { [lines] _ in LineLog(lines: lines) })
    }

    @Test("behind systemd-resolved they are its own servers, with one line in the log") func resolved() async throws {
        let resolver = resolver(["/etc/resolv.conf": Self.stub, Self.upstream: "nameserver 192.0.2.53\nsearch corp.test\n"])
        for _ in 0..<2 {
            let found = try await resolver.configuration(at: "/etc/resolv.conf")
            #expect(found.nameservers == ["192.0.2.53"] && found.searches == ["corp.test"] && found.options.isEmpty)
        }
        #expect(lines.entries.count == 1 && lines.entries[0].contains(Self.upstream))
    }

    @Test(
        "a file with a server beyond the loopback is taken as it is",
        arguments: ["nameserver 127.0.0.1\nnameserver 192.0.2.1\n", "nameserver 2001:db8::53\n", "search corp.test\n"])
    func ordinary(text: String) async throws {
        let resolver = resolver(["/etc/resolv.conf": text, Self.upstream: "nameserver 192.0.2.53\n"])
        #expect(try await resolver.configuration(at: "/etc/resolv.conf") == ResolverConfiguration(parsing: text))
        #expect(lines.entries.isEmpty)
    }

    @Test("a file that the operator has chosen is never exchanged") func chosen() async throws {
        let resolver = resolver(["/etc/own": "nameserver ::1\n", Self.upstream: "nameserver 192.0.2.53\n"])
        #expect(try await resolver.configuration(at: "/etc/own").nameservers == ["::1"])
        #expect(lines.entries.count == 1 && lines.entries[0].contains("set resolvConf"))
        #expect(try await resolver.configuration(at: "").nameservers.isEmpty)
    }

    @Test(
        "without other servers the file is taken, and one line says that pods find no names",
        arguments: [nil, "nameserver 127.0.0.1\n", "search a\n"] as [String?])
    func onlyLoopback(upstream: String?) async throws {
        var files = ["/etc/resolv.conf": Self.stub]
        files[Self.upstream] = upstream
        let resolver = resolver(files)
        for _ in 0..<2 { #expect(try await resolver.configuration(at: "/etc/resolv.conf").nameservers == ["127.0.0.53"]) }
        #expect(lines.entries.count == 1 && lines.entries[0].contains("set resolvConf"))
    }

    @Test("a pod waits while the file cannot be read, and starts once it is there") func missing() async throws {
        let bench = NodeBench(resolvConf: "/etc/resolv.conf")
        try await bench.run {
            bench.list([NodeBench.pod()])
            await bench.events.calls.wait { $0.contains { $0.text == "create Failed" } }
            let message = bench.events.created.first { $0.reason == "Failed" }?.message ?? ""
            #expect(message.contains("/etc/resolv.conf") && message.contains("resolvConf of the configuration"))
            #expect(!bench.node.did.entries.contains { $0.hasPrefix("start ") })
            bench.node.state.withLock { $0.nodeFiles["/etc/resolv.conf"] = "nameserver 192.0.2.53\n" }
            // The pause before the next try is among shorter ones.
            while !bench.node.did.entries.contains(where: { $0.hasPrefix("start ") }), !Task.isCancelled {
                await bench.time.passPauseIfAny(shorterThan: .seconds(30))
            }
            #expect(bench.node.did.entries.contains { $0.hasPrefix("start ") })
        }
    }
}
