import Nftables
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct RulesetKeeperTests {
    static let id = TableID(.ip, "kept")

    /// An owner whose wishes the test sets.
    final class Owner: RulesetOwner {
        struct Failed: Error {}

        private let wanted = Mutex<[Table]?>([])
        private let problems = Mutex(0)
        /// Holds the answers of `wantedTables()`.
        let gate: Turnstile
        let asked = Journal<Void>()
        let syncs = Journal<RulesetSync.Outcome>()
        let failures = Journal<Duration>()

        init(gate: Turnstile = Turnstile()) { self.gate = gate }

        var tableIDs: [TableID] { [id] }

        func want(_ chains: [String]?) {
            wanted.withLock { $0 = chains.map { [Table(id, chains: $0.map { Chain($0) })] } }
        }

        /// Has the next calls of `didSync` throw.
        func failAfterSync(times: Int) { problems.withLock { $0 = times } }

        func wantedTables() async -> [Table]? {
            let tables = wanted.withLock { $0 }
            asked.note(())
            await gate.pass()
            return tables
        }

        func didSync(_ outcome: RulesetSync.Outcome) async throws {
            let fails = problems.withLock { problems in
                problems -= 1
                return problems >= 0
            }
            if fails { throw Failed() }
            syncs.note(outcome)
        }

        func syncFailed(_ error: any Error, retryIn pause: Duration) async { failures.note(pause) }
    }

    let owner = Owner()
    let store = MemoryRulesetStore()
    let time = ManualTime()
    let keeper: RulesetKeeper

    init() {
        owner.want(["a"])
        keeper = RulesetKeeper(owner: owner, store: store, time: time)
    }

    private var chains: [String] { (store.snapshot.tables[Self.id]?.chains.keys).map { $0.sorted() } ?? [] }

    private func running(_ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try? await keeper.run() }
            try await body()
            group.cancelAll()
        }
    }

    private static let refusal = NftablesError(code: .refused, errno: 12, detail: "no memory")

    @Test("settling writes what the owner wants and reads the store only at first") func settling() async throws {
        #expect(try await keeper.settle())
        owner.want(["a", "b"])
        try await keeper.settle()
        owner.want([])
        try await keeper.settle()
        #expect(store.snapshot.tables.isEmpty && store.snapshot.reads == 1 && store.snapshot.transactions.count == 3)
    }

    @Test("nothing is read or written while the owner does not know what it wants") func unknown() async throws {
        owner.want(nil)
        #expect(try await keeper.settle() == false)
        #expect(store.snapshot.reads == 0 && store.snapshot.transactions.isEmpty && owner.syncs.entries.isEmpty)
        owner.want(["a"])
        #expect(try await keeper.settle() && chains == ["a"])
    }

    @Test("callers that wait for one sync share the next") func shared() async throws {
        let owner = Owner(gate: Turnstile(permits: 0))
        owner.want(["a"])
        let keeper = RulesetKeeper(owner: owner, store: store, time: time)
        let callers = Journal<Void>()
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask { try await keeper.settle() }
            await owner.asked.wait(count: 1)
            owner.want(["a", "b"])
            for _ in 0..<10 {
                group.addTask {
                    callers.note(())
                    try await keeper.settle()
                }
            }
            await callers.wait(count: 10)
            // The last of them may not have come to the keeper yet.
            try await Task.sleep(for: .milliseconds(50))
            owner.gate.open()
        }
        #expect(chains == ["a", "b"])
        #expect((2..<11).contains(owner.syncs.entries.count), "the one that was going on, and one for all ten that came in time")
    }

    @Test("a failed settling is the caller's to repeat, and reads the store again") func failedSettling() async throws {
        try await keeper.settle()
        owner.want(["b"])
        store.fail(with: [Self.refusal, Self.refusal])
        await #expect(throws: NftablesError.self) { try await keeper.settle() }
        #expect(chains == ["a"] && owner.failures.entries.isEmpty && time.pauses.isEmpty)
        let reads = store.snapshot.reads
        try await keeper.settle()
        #expect(chains == ["b"] && store.snapshot.reads == reads + 1)
    }

    @Test("the owner's changes are written while it runs") func changes() async throws {
        try await running {
            await owner.syncs.wait(count: 1)
            owner.want(["b"])
            keeper.ownerChanged()
            await owner.syncs.wait(count: 2)
            #expect(chains == ["b"] && store.snapshot.reads == 1)
        }
    }

    @Test("a failure is repeated after pauses that grow until one succeeds") func pauses() async throws {
        store.fail(with: Array(repeating: Self.refusal, count: 4))
        try await running {
            for _ in 0..<4 { await time.passPause(shorterThan: .seconds(60)) }
            await owner.syncs.wait(count: 1)
            let growing: [Duration] = [.milliseconds(100), .milliseconds(200), .milliseconds(400), .milliseconds(800)]
            #expect(owner.failures.entries == growing && time.pauses == growing)
            store.fail(with: [Self.refusal, Self.refusal])
            owner.want(["b"])
            keeper.ownerChanged()
            await owner.failures.wait(count: 5)
            #expect(owner.failures.entries.last == .milliseconds(100), "a success begins anew")
        }
    }

    @Test("a change during a pause is tried at once, without a second pause") func changeDuringAPause() async throws {
        store.fail(with: [Self.refusal])
        try await running {
            await owner.failures.wait(count: 1)
            keeper.ownerChanged()
            await owner.syncs.wait(count: 1)
            #expect(time.pauses == [.milliseconds(100)] && chains == ["a"])
        }
    }

    @Test("an error of the owner's after a sync is repeated like a refusal, without reading the store") func ownersError() async throws {
        owner.failAfterSync(times: 1)
        try await running {
            await time.passPause(shorterThan: .seconds(60))
            await owner.syncs.wait(count: 1)
        }
        #expect(owner.failures.entries == [.milliseconds(100)] && store.snapshot.reads == 1 && store.snapshot.transactions.count == 1)
    }

    @Test("another program's change is undone and reported to the owner") func foreignChange() async throws {
        try await running {
            await owner.syncs.wait(count: 1)
            store.changeFromOutside { $0[Self.id]?.chains["b"] = Chain("b") }
            await owner.syncs.wait { $0.contains(where: \.foundForeignChange) }
            #expect(chains == ["a"])
            store.changeFromOutside { $0[TableID(.ip, "other")] = Table(TableID(.ip, "other")) }
            owner.want(["c"])
            keeper.ownerChanged()
            await owner.syncs.wait(count: 3)
            #expect(owner.syncs.entries.map(\.foundForeignChange) == [false, true, false])
        }
    }

    @Test("a change between a settling and the start of the repairs is found") func changeBeforeTheSubscription() async throws {
        try await keeper.settle()
        store.changeFromOutside { $0[Self.id] = nil }
        try await running { await owner.syncs.wait { $0.contains(where: \.foundForeignChange) } }
        #expect(chains == ["a"])
    }

    @Test("the end of the notifications ends the keeper with an error") func endOfNotifications() async throws {
        let task = Task { try await keeper.run() }
        await owner.syncs.wait(count: 1)
        store.endNotifications()
        await #expect(throws: NftablesError.self) { try await task.value }
    }
}
