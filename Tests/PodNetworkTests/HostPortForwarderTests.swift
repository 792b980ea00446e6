import Addresses
import Logging
import Nftables
import PodCore
import ProxyCore
import Synchronization
import TestSupport
import Testing

@testable import PodNetwork

/// Host ports without a kernel: a ruleset store in memory, a connection tracking that only notes.
@Suite(.timeLimit(.minutes(1))) struct HostPortForwarderTests {
    final class Conntrack: ConntrackCleaner {
        let deleted = Journal<(stale: StaleFlows, tables: [TableID])>()
        let error = Mutex<NftablesError?>(nil)
        let store: MemoryRulesetStore

        init(store: MemoryRulesetStore) { self.store = store }

        func delete(_ stale: StaleFlows) async throws -> Int {
            deleted.note((stale, Array(store.snapshot.tables.keys)))
            if let error = error.withLock({ $0 }) { throw error }
            return 1
        }
    }

    let store = MemoryRulesetStore()
    let conntrack: Conntrack
    let forwarder: HostPortForwarder

    init() {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        conntrack = Conntrack(store: store)
        forwarder = HostPortForwarder(store: store, conntrack: conntrack, logger: logger, time: ManualTime())
    }

    private static func sandbox(_ number: Int, _ ports: [HostPort], isRunning: Bool = true) -> SandboxNetwork {
        SandboxNetwork(
            sandboxID: "sandbox-\(number)", pod: PodIdentity(namespace: "default", name: "pod-\(number)", uid: "\(number)"),
            addresses: ["10.7.\(number / 200).\(number % 200 + 2)"], hostPorts: ports, isRunning: isRunning)
    }

    private func compiled(_ sandboxes: [SandboxNetwork]) throws -> [TableID: Table] {
        let tables = HostPortCompiler.compile(try sandboxes.map { try HostPortClaim($0).targets })
        return Dictionary(uniqueKeysWithValues: tables.filter { !$0.isEmpty }.map { ($0.id, $0) })
    }

    private static let refusal = NftablesError(code: .refused, errno: 12, detail: "no memory")

    @Test("no port is given before the ports of running pods are known") func notReady() async throws {
        let error = await #expect(throws: NetworkFailure.self) { try await forwarder.add(Self.sandbox(1, [HostPort(port: 80, target: 80)])) }
        #expect(error?.code == .notReady && store.snapshot.reads == 0)
        await forwarder.recover([])
        try await forwarder.add(Self.sandbox(1, [HostPort(port: 80, target: 80)]))
    }

    @Test("earlier UDP flows are cleaned up once the rules are there, later ones once they are gone") func flows() async throws {
        await forwarder.recover([])
        let sandbox = Self.sandbox(1, [HostPort(port: 80, target: 80), HostPort(transport: .udp, port: 53, target: 5353)])
        let udp = try HostPortClaim(Self.sandbox(1, [HostPort(transport: .udp, port: 53, target: 5353)])).targets
        try await forwarder.add(sandbox)
        try await forwarder.remove(sandbox.sandboxID)
        let calls = conntrack.deleted.entries
        #expect(calls.map(\.stale) == [.untranslated(Set(udp.keys)), .leading(udp)])
        #expect(calls.map { $0.tables.map(\.family) } == [[.ip], []])
        try await forwarder.add(Self.sandbox(2, [HostPort(port: 80, target: 80)]))
        #expect(conntrack.deleted.entries.count == 2, "no UDP port, no flows")
    }

    @Test("a refused port is given up again, and free for the next pod") func refusal() async throws {
        await forwarder.recover([])
        store.fail(with: [Self.refusal, Self.refusal])
        let error = await #expect(throws: NetworkFailure.self) { try await forwarder.add(Self.sandbox(1, [HostPort(port: 80, target: 80)])) }
        #expect(error?.code == .kernel && error?.message.contains("no memory") == true && store.snapshot.tables.isEmpty)
        let next = Self.sandbox(2, [HostPort(port: 80, target: 80)])
        try await forwarder.add(next)
        #expect(try store.snapshot.tables == compiled([next]))
    }

    @Test("a port that cannot be taken back is taken back at the next call") func repeatedRemoval() async throws {
        await forwarder.recover([])
        let sandbox = Self.sandbox(1, [HostPort(transport: .udp, port: 53, target: 53)])
        try await forwarder.add(sandbox)
        conntrack.error.withLock { $0 = Self.refusal }
        let error = await #expect(throws: NetworkFailure.self) { try await forwarder.remove(sandbox.sandboxID) }
        #expect(error?.code == .kernel && store.snapshot.tables.isEmpty)
        conntrack.error.withLock { $0 = nil }
        try await forwarder.remove(sandbox.sandboxID)
        #expect(conntrack.deleted.entries.count == 3)
        try await forwarder.remove(sandbox.sandboxID)
        #expect(conntrack.deleted.entries.count == 3, "nothing is left to do")
    }

    @Test("ports of pods that outlived the agent are taken over, those of ended pods are not") func recovery() async throws {
        let kept = Self.sandbox(1, [HostPort(port: 80, target: 80)])
        let ended = Self.sandbox(2, [HostPort(transport: .udp, port: 53, target: 53)], isRunning: false)
        await forwarder.recover([kept, ended])
        #expect(try store.snapshot.tables == compiled([kept]))
        let error = await #expect(throws: NetworkFailure.self) { try await forwarder.add(Self.sandbox(3, [HostPort(port: 80, target: 81)])) }
        #expect(error?.code == .portTaken)
        try await forwarder.remove(ended.sandboxID)
        #expect(conntrack.deleted.entries.map(\.stale) == [.leading(try HostPortClaim(ended).targets)])
    }

    @Test("IPv4 is forwarded from the sync that succeeds on, however late, until the last port leaves") func forwardsIPv4() async throws {
        store.fail(with: [Self.refusal])
        await forwarder.recover([Self.sandbox(1, [HostPort(port: 80, target: 80)])])
        #expect(!forwarder.forwardsIPv4())
        let other = Self.sandbox(2, [HostPort(port: 81, target: 80)])
        try await forwarder.add(other)
        #expect(forwarder.forwardsIPv4(without: [other.sandboxID]), "the sync of another pod brings it, too")
        var began = forwarder.forwardingBegan.makeAsyncIterator()
        #expect(await began.next() != nil)
        try await forwarder.remove("sandbox-1")
        try await forwarder.remove(other.sandboxID)
        #expect(!forwarder.forwardsIPv4())
    }

    @Test("a change among 400 claims reads nothing and writes its own elements") func costOfAChange() async throws {
        let sandboxes = (0..<400).map { Self.sandbox($0, [HostPort(port: UInt16(10_000 + $0), target: 80)]) }
        await forwarder.recover(sandboxes)
        let reads = store.snapshot.reads
        let changed = Self.sandbox(500, [HostPort(port: 80, target: 80)])
        let rounds = 50
        let start = ContinuousClock.now
        for _ in 0..<rounds {
            try await forwarder.add(changed)
            try await forwarder.remove(changed.sandboxID)
        }
        print("a change among 400 claims: \((ContinuousClock.now - start) / (2 * rounds)), the store in memory included")
        #expect(store.snapshot.reads == reads)
        let written = store.snapshot.transactions.suffix(2).map { transaction in
            transaction.operations.map { operation in
                switch operation {
                case .addElements(_, _, let elements), .deleteElements(_, _, let elements): elements.count
                default: 1000
                }
            }.reduce(0, +)
        }
        #expect(written == [2, 2], "the port and its pod's hairpin")
    }
}
