import Addresses
import KubeModel
import Logging
import Nftables
import Synchronization
import TestSupport
import Testing

@testable import ProxyAgent
@testable import ProxyCore

@Suite struct ProxyAgentTests {
    let source = SettableServiceSource()
    let store = MemoryRulesetStore()
    let time = ManualTime()

    final class RecordingCleaner: ConntrackCleaner {
        let calls = Mutex<[[Frontend: Set<Endpoint.Target>]]>([])
        /// Of flows that were begun before their rules.
        let begun = Mutex<[Set<Frontend>]>([])

        func delete(_ stale: StaleFlows) async throws -> Int {
            switch stale {
            case .answeredElsewhere(let wanted):
                calls.withLock { $0.append(wanted) }
                return 1
            case .untranslated(let frontends): begun.withLock { $0.append(frontends) }
            case .leading: break
            }
            return 0
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
        ServiceCompiler(ProxyConfiguration(nodeName: "here")).compile(ServiceTable(entries: agent.entries))
    }

    func isInSync(_ agent: ProxyAgent, services: Int) -> Bool {
        agent.entries.count == services && wanted(agent).allSatisfy { store.snapshot.tables[$0.id] == $0 }
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

    @Test("flows that were begun without rules are forgotten, at the start and after a repair, and only then")
    func flowsBegunWithoutRules() async throws {
        let cleaner = RecordingCleaner()
        let agent = makeAgent(cleaner)
        source.set(["a": ["10.0.0.1"]])
        try await running(agent) {
            try await eventually("the first sync") { isInSync(agent, services: 1) && cleaner.begun.withLock { $0.count } == 1 }
            source.set(["a": ["10.0.0.1"], "b": ["10.0.0.2"]])
            try await eventually("the second sync") { isInSync(agent, services: 2) }
            store.changeFromOutside { $0[ServiceCompiler.tables[0]] = nil }
            try await eventually("the repair") { agent.status.repairs == 1 && cleaner.begun.withLock { $0.count } == 2 }
        }
        let begun = cleaner.begun.withLock { $0 }
        #expect(begun.map(\.count) == [1, 2])
        #expect(begun[1].isSuperset(of: begun[0]))
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

    @Test("clients lose their place at an endpoint that is gone, and only those") func clientsLosePlacesAtGoneEndpoints() async throws {
        let agent = makeAgent()
        source.set(["a": ["10.0.0.1", "10.0.0.2"]], affinity: true)
        try await running(agent) {
            try await eventually("the first sync") { agent.status.syncs == 1 }
            let schema = AffinityRules.schema(.ip)
            func place(_ client: UInt8, at endpoint: UInt8) -> Element {
                var key = PackedBytes([10, 0, 9, client, 10, 96, 0, 1])
                key.append(field: [6])
                key.append(bigEndian: UInt16(80))
                return Element(key, .data(Endpoint.Target(address: IPAddress("10.0.0.\(endpoint)")!, port: 8080).packed))
            }
            let places = [place(1, at: 1), place(2, at: 2), place(3, at: 1)]
            store.changeFromPackets { tables in
                for place in places { tables[ServiceCompiler.tables[0]]?.sets[schema.name]?.elements[place.key] = place.value }
            }
            source.set(["a": ["10.0.0.2", "10.0.0.3"]], affinity: true)
            try await eventually("the end of two places") { agent.status.endedAffinities == 2 }
            #expect(store.snapshot.tables[ServiceCompiler.tables[0]]?.sets[schema.name]?.elements == [places[1].key: places[1].value])
        }
    }

    @Test("a sync that does not succeed is pending from its first try") func pendingSince() async throws {
        let agent = makeAgent()
        source.set(["a": ["10.0.0.1"]])
        try await running(agent) {
            try await eventually("the first sync") { isInSync(agent, services: 1) && agent.status.pendingSince == nil }
            store.fail(with: Array(repeating: NftablesError(code: .refused, errno: 12, detail: "no memory"), count: 3))
            source.set([:])
            try await eventually("a failure") { agent.status.failures > 0 }
            #expect(agent.status.pendingSince != nil)
        }
    }

    @Test("health checks are announced with the node's addresses") func healthChecks() async throws {
        let agent = makeAgent()
        var service = Service(
            metadata: ObjectMeta(name: "web", namespace: "default"),
            spec: ServiceSpec(type: "LoadBalancer", clusterIPs: ["10.96.0.1"], ports: [ServicePort(port: 80)]))
        service.spec?.externalTrafficPolicy = "Local"
        service.spec?.healthCheckNodePort = 32000
        source.set(
            ServiceSnapshot(
                services: [service], slices: [],
                configuration: ProxyConfiguration(nodeName: "here", nodePortAddresses: [IPAddress("192.168.0.1")!, IPAddress("fd00::1")!])))
        try await running(agent) {
            var announced = agent.healthChecks.makeAsyncIterator()
            let checks = await announced.next()
            #expect(
                checks?.map { "\($0.namespace)/\($0.service) \($0.addresses) \($0.port) \($0.localEndpoints)" } == [
                    "default/web [192.168.0.1] 32000 0"
                ])
        }
    }

    @Test("flows of gone and new UDP frontends are cleaned up") func goneAndNewUDPFrontendsAreCleaned() {
        func targets(_ entries: [(String, [String])]) -> FlowTargets {
            FlowTargets(
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
