import Addresses
import Logging
import Nftables
import ProxyCore
import Synchronization
import TestSupport
import Testing

@testable import ProxyAgent

@Suite struct ProxyAgentTests {
    let source = SettableServiceSource()
    let store = MemoryRulesetStore()
    let time = ManualTime()

    final class RecordingCleaner: ConntrackCleaner {
        let calls = Mutex<[[Frontend: Set<Endpoint.Target>]]>([])

        func delete(_ stale: StaleFlows) async throws -> Int {
            guard case .answeredElsewhere(let wanted) = stale else { return 0 }
            calls.withLock { $0.append(wanted) }
            return 1
        }
    }

    func makeAgent(_ cleaner: (any ConntrackCleaner)? = nil) -> ProxyAgent {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return ProxyAgent(source: source, store: store, conntrack: cleaner, logger: logger, time: time)
    }

    func running(_ agent: ProxyAgent, _ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await agent.run() }
            try await body()
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    func wanted(_ agent: ProxyAgent) -> [Table] {
        ServiceCompiler(ProxyConfiguration(nodeName: "here")).compile(ServiceTable(entries: agent.status.entries))
    }

    func isInSync(_ agent: ProxyAgent, services: Int) -> Bool {
        agent.status.entries.count == services && wanted(agent).allSatisfy { store.snapshot.tables[$0.id] == $0 }
    }

    @Test("nothing is read or written before the first snapshot") func nothingIsTouchedBeforeTheFirstSnapshot() async throws {
        let agent = makeAgent()
        try await running(agent) {
            try await Task.sleep(for: .milliseconds(30))
            #expect(store.snapshot.reads == 0 && store.snapshot.transactions.isEmpty)
            source.set(["a": ["10.0.0.1"]])
            try await eventually("the first sync") { isInSync(agent, services: 1) }
        }
        #expect(store.snapshot.tables.count == 2)
    }

    @Test("only the first sync reads the tables") func onlyTheFirstSyncReads() async throws {
        let agent = makeAgent()
        source.set(["a": ["10.0.0.1"]])
        try await running(agent) {
            try await eventually("the first sync") { isInSync(agent, services: 1) }
            for round in 2..<6 {
                source.set(Dictionary(uniqueKeysWithValues: (0..<round).map { ("s\($0)", ["10.0.0.\($0 + 1)"]) }))
                try await eventually("sync \(round)") { isInSync(agent, services: round) }
            }
        }
        #expect(store.snapshot.reads == 2, "one for each table")
        #expect(agent.status.failures == 0 && agent.status.repairs == 0 && agent.status.lastSync != nil)
    }

    @Test("many changes during a sync are one more sync") func manyChangesDuringASyncAreOneMore() async throws {
        let agent = makeAgent()
        source.set([:])
        try await running(agent) {
            try await eventually("the first sync") { agent.status.syncs > 0 }
            for count in 1...50 { source.set(Dictionary(uniqueKeysWithValues: (0..<count).map { ("s\($0)", ["10.0.0.1"]) })) }
            try await eventually("the last one") { isInSync(agent, services: 50) }
        }
        #expect(store.snapshot.transactions.count < 50)
    }

    @Test("the rules of an earlier agent are adopted without a write") func whatWasThereIsAdopted() async throws {
        source.set(["a": ["10.0.0.1"]])
        let first = makeAgent()
        try await running(first) { try await eventually("the first sync") { isInSync(first, services: 1) } }
        let before = store.snapshot.generation
        let second = makeAgent()
        try await running(second) { try await eventually("its first sync") { isInSync(second, services: 1) } }
        #expect(store.snapshot.generation == before)
        #expect(second.status.repairs == 0)
    }

    @Test("failures are repeated after growing pauses") func failuresAreRetriedWithGrowingPauses() async throws {
        let agent = makeAgent()
        let refusal = NftablesError(code: .refused, errno: 12, detail: "no memory")
        store.fail(with: Array(repeating: refusal, count: 3))
        source.set(["a": ["10.0.0.1"]])
        try await running(agent) {
            for _ in 0..<3 { await time.passPause(shorterThan: .seconds(60)) }
            try await eventually("a sync after failures") { isInSync(agent, services: 1) && agent.status.failures >= 1 }
        }
        #expect(agent.status.failures == 3 && agent.status.lastFailure == nil)
        #expect(time.pauses.prefix(3) == [.milliseconds(100), .milliseconds(200), .milliseconds(400)])
    }

    @Test("a stale state is read again at once") func aStaleStateIsReadAgainAtOnce() async throws {
        let agent = makeAgent()
        store.fail(with: [NftablesError(code: .stale, detail: "changed")])
        source.set(["a": ["10.0.0.1"]])
        try await running(agent) { try await eventually("a sync") { isInSync(agent, services: 1) } }
        #expect(agent.status.failures == 0 && store.snapshot.reads == 4)
    }

    @Test("a foreign change is repaired and counted") func aForeignChangeIsRepairedAndCounted() async throws {
        let agent = makeAgent()
        source.set(["a": ["10.0.0.1"]])
        try await running(agent) {
            try await eventually("the first sync") { isInSync(agent, services: 1) }
            store.changeFromOutside { $0[ServiceCompiler.tables[0]] = nil }
            try await eventually("the repair") { agent.status.repairs == 1 && isInSync(agent, services: 1) }
            store.changeFromOutside { $0[TableID(.ip, "other")] = Table(TableID(.ip, "other")) }
            source.set([:])
            try await eventually("another sync") { isInSync(agent, services: 0) }
            #expect(agent.status.repairs == 1)
        }
    }

    @Test("the end of the notifications ends the agent") func theEndOfNotificationsEndsTheAgent() async throws {
        let agent = makeAgent()
        source.set([:])
        let task = Task { try await agent.run() }
        try await eventually("the first sync") { agent.status.syncs > 0 }
        store.endNotifications()
        await #expect(throws: NftablesError.self) { try await task.value }
    }

    @Test("flows of UDP frontends that lost an endpoint are cleaned up") func conntrackIsCleanedForUDPThatLostAnEndpoint() async throws {
        let cleaner = RecordingCleaner()
        let agent = makeAgent(cleaner)
        source.set(["a": ["10.0.0.1", "10.0.0.2"], "b": ["10.0.0.3"]], transport: "UDP")
        try await running(agent) {
            try await eventually("the first clean-up") { cleaner.calls.withLock { $0.count } == 1 }
            source.set(["a": ["10.0.0.2", "10.0.0.9"], "b": ["10.0.0.3", "10.0.0.4"]], transport: "UDP")
            try await eventually("the second clean-up") { cleaner.calls.withLock { $0.count } == 2 }
        }
        let calls = cleaner.calls.withLock { $0 }
        #expect(calls[0].count == 2, "at the start nothing is known")
        #expect(calls[1].map { "\($0.key.address) \($0.value.count)" } == ["10.96.0.1 2"])
        #expect(agent.status.deletedFlows == 2)
    }

    @Test("flows of gone and new UDP frontends are cleaned up") func goneAndNewUDPFrontendsAreCleaned() {
        func targets(_ entries: [(String, [String])]) -> UDPTargets {
            UDPTargets(
                ServiceTable(
                    entries: entries.map { ip, endpoints in
                        ServiceEntry(
                            name: ServicePortName(namespace: "n", service: "s", port: "", transport: .udp), clusterIP: IPAddress(ip)!, port: 53,
                            nodePort: 30053,
                            endpoints: endpoints.map { Endpoint(address: IPAddress($0)!, port: 53, isLocal: false) })
                    }), configuration: ProxyConfiguration(nodeName: "here", nodePortAddresses: [IPAddress("192.168.0.1")!]))
        }
        let earlier = targets([("10.96.0.1", ["10.0.0.1"])])
        #expect(earlier.targets.count == 2)
        #expect(earlier.stale(since: earlier).isEmpty)
        #expect(targets([]).stale(since: earlier).values.allSatisfy(\.isEmpty) && targets([]).stale(since: earlier).count == 2)
        #expect(targets([("10.96.0.2", [])]).stale(since: targets([])).count == 2)
        #expect(targets([("10.96.0.1", ["10.0.0.1", "10.0.0.2"])]).stale(since: earlier).isEmpty)
    }
}
