package import Timing

/// Keeps an owner's tables in a store: one sync at a time, another one after foreign changes and after failures.
///
/// The tables are a level: every sync asks the owner for the latest ones. The store is read at the start, after a foreign change and after a
/// failure, never on the ordinary path. The tables stay when the keeper stops, and the next keeper adopts them.
package actor RulesetKeeper {
    private let owner: any RulesetOwner
    private let store: any RulesetStore
    private let time: any TimeSource
    private let wakeups = Wakeups()

    private var sync: RulesetSync
    private var isStoreUnknown = true
    /// Counts the calls of `settle()`, and up to which of them the store has what was wanted.
    private var requests = 0
    private var settled = 0
    private var isBusy = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// - Parameter time: measures the pauses after failures.
    package init(owner: any RulesetOwner, store: any RulesetStore, time: any TimeSource) {
        self.owner = owner
        self.store = store
        self.time = time
        sync = RulesetSync(store: store)
    }

    /// Has `run()` write what the owner wants now.
    package nonisolated func ownerChanged() { wakeups.add(.ownerChange) }

    /// Repairs what other programs change and repeats what failed, until it is cancelled. To be called once.
    ///
    /// Throws when the store's notifications cannot be had or end: without them a foreign change would go unnoticed.
    package func run() async throws {
        let changes = try await store.foreignChanges(to: owner.tableIDs)
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask { [wakeups] in
                for await _ in changes { wakeups.add(.foreignChange) }
                // The loop below is the group's own body, which no failing child cancels.
                wakeups.finish()
                try Task.checkCancellation()
                throw NftablesError(code: .unavailable, detail: "the kernel's nf_tables notifications ended")
            }
            // Changes from before the subscription were not reported.
            wakeups.add(.foreignChange)
            var backOff = BackOff(initial: .milliseconds(100), maximum: .seconds(30))
            var isRetryPending = false
            for await _ in wakeups.stream {
                let reasons = wakeups.take()
                if reasons.contains(.foreignChange) { isStoreUnknown = true }
                if reasons.contains(.retry) { isRetryPending = false }
                do {
                    if try await settle() { backOff.reset() }
                } catch {
                    if Task.isCancelled { continue }
                    let pause = backOff.next()
                    await owner.syncFailed(error, retryIn: pause)
                    // One pause at a time, however many changes fail during it.
                    if isRetryPending { continue }
                    isRetryPending = true
                    group.addTask { [time, wakeups] in
                        try? await time.sleep(for: pause)
                        wakeups.add(.retry)
                    }
                }
            }
        }
    }

    /// Returns once the store has what the owner wanted at the time of the call, or something newer. A failure is the caller's to handle.
    /// - Returns: false while the owner does not know what it wants.
    @discardableResult
    package func settle() async throws -> Bool {
        requests += 1
        let request = requests
        await takeTurn()
        defer { endTurn() }
        // A turn before this one may have done it.
        if settled >= request, !isStoreUnknown { return true }
        let current = requests
        let knowsStore = !isStoreUnknown && settled > 0
        if isStoreUnknown { sync.forget() }
        isStoreUnknown = false
        var work = sync
        let outcome: RulesetSync.Outcome?
        do {
            outcome = try await write(knowsStore, &work)
            sync = work
        } catch {
            sync = work
            isStoreUnknown = true
            throw error
        }
        guard let outcome else { return false }
        try await owner.didSync(outcome)
        settled = current
        return true
    }

    /// - Returns: `nil` while the owner does not know what it wants.
    private func write(_ knowsStore: Bool, _ work: inout RulesetSync) async throws -> RulesetSync.Outcome? {
        if knowsStore, let operations = await owner.wantedChanges() {
            do {
                return try await work.perform(operations)
            } catch is NftablesError {
                // The store may not be as it was remembered.
                work.forget()
            }
        }
        guard let tables = await owner.wantedTables() else { return nil }
        guard owner.remembersTables else { return try await work.apply(tables) }
        return try await work.apply(tables, former: await owner.committedTables())
    }

    private func takeTurn() async {
        if isBusy { await withCheckedContinuation { waiting.append($0) } } else { isBusy = true }
    }

    private func endTurn() {
        if waiting.isEmpty { isBusy = false } else { waiting.removeFirst().resume() }
    }
}
