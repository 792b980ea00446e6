import NIOCore
import NIOPosix
import PodCore
import TestSupport
import Testing

@testable import PodProbes

@Suite("TCP probes", .timeLimit(.minutes(1)))
struct TCPProbeTests {
    private func result(_ host: String, _ port: Int, timeout: Duration = .seconds(40)) async -> ProbeResult {
        await NetworkProbes().check(.tcp(host: host, port: port), timeout: timeout)
    }

    @Test("an open port is a success")
    func open() async throws {
        try await ScriptedPeer.with({ _ in [] }) { peer in #expect(await result("127.0.0.1", peer.port) == .success(warning: nil)) }
    }

    /// Local ports of the connections to a port, by their state in /proc/net/tcp.
    private func connections(to port: Int) throws -> [String: Set<Substring>] {
        var found: [String: Set<Substring>] = [:]
        for line in try TemporaryFolder.text("/proc/net/tcp").split(separator: "\n").dropFirst() {
            let fields = line.split(separator: " ")
            guard fields.count > 3, fields[2].split(separator: ":").last.flatMap({ Int($0, radix: 16) }) == port else { continue }
            found[String(fields[3]), default: []].insert(fields[1])
        }
        return found
    }

    @Test("no probe keeps a port after its end")
    func leavesNothing() async throws {
        let waiting = "06"
        try await ScriptedPeer.with({ _ in [] }) { peer in
            let before = try connections(to: peer.port)[waiting] ?? []
            for _ in 0..<50 { #expect(await result("127.0.0.1", peer.port) == .success(warning: nil)) }
            try await eventually("the end of all connections") { try connections(to: peer.port).keys.allSatisfy { $0 == waiting } }
            let after = try connections(to: peer.port)[waiting] ?? []
            #expect(after.subtracting(before).isEmpty)
        }
    }

    @Test("a port at which nothing listens is a failure")
    func refused() async throws {
        let port = try await Loopback.freePort()
        #expect(await result("127.0.0.1", port) == .failure(message: "dial tcp 127.0.0.1:\(port): connect: connection refused"))
    }

    /// The peer listens on 127.0.0.1 alone.
    @Test("a name's next address is tried when one refuses; when all do, the failure is the first one's", arguments: [true, false])
    func severalAddresses(hasPeer: Bool) async throws {
        try await ScriptedPeer.with({ _ in [] }) { peer in
            let addresses = try ["127.0.0.2", hasPeer ? "127.0.0.1" : "127.0.0.3"].map { try SocketAddress(ipAddress: $0, port: peer.port) }
            let probe = TCPProbe(host: "web.example", port: peer.port, lookup: { _, _ in addresses })
            let refused = ProbeResult.failure(message: "dial tcp web.example:\(peer.port): connect: connection refused")
            #expect(await probe.check(deadline: .now() + .seconds(40)) == (hasPeer ? .success(warning: nil) : refused))
        }
    }

    @Test("the system's resolver knows an address, and no address of a name that cannot exist")
    func lookup() {
        #expect(HostLookup.addresses(of: "127.0.0.1", port: 80).map(\.ipAddress) == ["127.0.0.1"])
        #expect(HostLookup.addresses(of: "no such name", port: 80).isEmpty)
    }

    @Test("no name is looked up for a probe whose time was over before its turn came")
    func lateLookup() async throws {
        let isLookedUp = Milestone()
        let probe = TCPProbe(host: "web.example", port: 80) { _, _ in
            isLookedUp.reach()
            return []
        }
        #expect(await probe.check(deadline: .now()) == .failure(message: "dial tcp web.example:80: i/o timeout"))
        // Its place in the queue has passed.
        try await NIOThreadPool.singleton.runIfActive {}
        #expect(!isLookedUp.isReached)
    }

    @Test("an attempt to connect that gets no answer is a failure")
    func deaf() async throws {
        try await Loopback.withDeafPort { port in
            let result = await result("127.0.0.1", port, timeout: .milliseconds(300))
            #expect(result == .failure(message: "dial tcp 127.0.0.1:\(port): i/o timeout"))
        }
    }

    @Test("an unknown name is a failure")
    func unknownHost() async {
        #expect(await result("no such name", 80) == .failure(message: "dial tcp: lookup no such name: no such host"))
    }
}
