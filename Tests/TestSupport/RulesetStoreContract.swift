package import Nftables

/// The contract of ruleset stores, for the kernel's and the one in memory.
package struct RulesetStoreContract: Sendable {
    /// The table that the contract makes.
    package static let id = TableID(.ip, "swiftlet-contract")

    private let store: any RulesetStore
    /// Removes the rules of chain `base` as another program.
    private let flushFromOutside: @Sendable () async throws -> Void

    private let schema = SetSchema(name: "verdicts", key: .types([.port]), value: .verdict)
    private let key = PackedBytes([0, 80])

    private var table: Table {
        Table(
            Self.id, comment: "contract",
            sets: [NamedSet(schema, elements: [key: .verdict(.goto("target"))])],
            chains: [
                Chain("base", rules: [Rule(.verdictMap([.destinationPort], "verdicts")), Rule(.counter)]), Chain("target", rules: [Rule(.counter)]),
            ])
    }

    package init(_ store: any RulesetStore, flushFromOutside: @escaping @Sendable () async throws -> Void) {
        self.store = store
        self.flushFromOutside = flushFromOutside
    }

    /// Returns the rules that the store breaks, as sentences. The store must not have the contract's table.
    package func violations() async throws -> [String] {
        var broken: [String] = []
        if try await read().table != nil { broken.append("a missing table reads as nil") }
        try await store.apply(RulesetDiff.transaction(from: nil, to: table), ifGeneration: nil)
        if try await read().table != table { broken.append("a table reads back as it was made") }
        broken += try await refusalViolations()
        broken += try await generationViolations()
        broken += try await foreignChangeViolations()
        try await store.apply(Transaction([.deleteTable(Self.id)]), ifGeneration: nil)
        if try await read().table != nil { broken.append("a deleted table is gone with everything in it") }
        return broken
    }

    private func read() async throws -> Observation { try await store.read(Self.id, wanted: table) }

    private func refusalViolations() async throws -> [String] {
        let refused: [(String, Operation)] = [
            ("a chain that an element refers to cannot be deleted", .deleteChain(Self.id, "target")),
            ("a missing chain cannot be flushed", .flushChain(Self.id, "missing")),
            ("a rule needs its chain", .addRule(Self.id, chain: "missing", Rule(.counter))),
            ("a rule needs its set", .addRule(Self.id, chain: "base", Rule(.verdictMap([.destinationPort], "missing")))),
            ("a verdict needs its chain", .addElements(Self.id, schema, [Element(PackedBytes([0, 81]), .verdict(.goto("missing")))])),
            ("an element keeps its value", .addElements(Self.id, schema, [Element(key, .verdict(.goto("base")))])),
            ("a missing element cannot be deleted", .deleteElements(Self.id, schema, [Element(PackedBytes([0, 82]), .verdict(.goto("target")))])),
            ("a missing set cannot be deleted", .deleteSet(Self.id, "missing")),
            ("a missing table cannot be deleted", .deleteTable(TableID(.ip, "swiftlet-missing"))),
        ]
        let good = Operation.addElements(Self.id, schema, [Element(PackedBytes([1, 1]), .verdict(.goto("target")))])
        var broken: [String] = []
        for (rule, operation) in refused {
            do {
                try await store.apply(Transaction([good, operation]), ifGeneration: nil)
                broken.append(rule)
            } catch let error as NftablesError {
                if error.code != .refused || error.index != 1 || error.operation != operation {
                    broken.append("a refusal names its operation (\(rule)): \(error.code) \(error.index ?? -1)")
                }
            }
            if try await read().table != table { broken.append("a refused transaction changes nothing (\(rule))") }
        }
        do {
            try await store.apply(Transaction([.addElements(Self.id, schema, [Element(key, .verdict(.goto("target")))])]), ifGeneration: nil)
        } catch {
            broken.append("an element may be added again with its value: \(error)")
        }
        return broken
    }

    private func generationViolations() async throws -> [String] {
        var broken: [String] = []
        let before = try await read()
        let added = Operation.addRule(Self.id, chain: "target", Rule(.counter))
        do {
            try await store.apply(Transaction([added]), ifGeneration: before.generation)
        } catch {
            broken.append("a transaction for the current generation is performed: \(error)")
        }
        let after = try await read()
        if after.generation == before.generation { broken.append("each commit has a generation of its own") }
        do {
            try await store.apply(Transaction([added]), ifGeneration: before.generation)
            broken.append("a transaction for an earlier generation is refused")
        } catch let error as NftablesError {
            if !error.isStale { broken.append("a transaction for an earlier generation is stale: \(error)") }
        }
        if try await read() != after { broken.append("a stale transaction changes nothing") }
        try await store.apply(RulesetDiff.transaction(from: after.table, to: table), ifGeneration: after.generation)
        if try await read().table != table { broken.append("a difference leads back to the table") }
        return broken
    }

    private func foreignChangeViolations() async throws -> [String] {
        var broken: [String] = []
        let changes = try await store.foreignChanges(to: [Self.id])
        let seen = Counter()
        let watch = Task { for await _ in changes { seen.next() } }
        defer { watch.cancel() }
        try await store.apply(Transaction([.addRule(Self.id, chain: "target", Rule(.counter))]), ifGeneration: nil)
        if try await eventually(within: .milliseconds(200), { seen.count > 0 }) { broken.append("the store's own changes are not reported") }
        try await flushFromOutside()
        if try await !eventually({ seen.count > 0 }) { broken.append("another program's change is reported") }
        if try await read().table?.chains["base"]?.rules.isEmpty != true { broken.append("another program's change is read") }
        return broken
    }
}
