import Glibc
import LinuxNftables
import Nftables
import TestSupport
import Testing

/// A store under test with a way to change it like another program.
struct StoreUnderTest: Sendable {
    let store: any RulesetStore
    let applyFromOutside: @Sendable (Transaction) async throws -> Void

    static func memory() -> StoreUnderTest {
        let store = MemoryRulesetStore()
        return StoreUnderTest(store: store) { try store.applyFromOutside($0) }
    }

    static func kernel(_ net: TestNamespace) throws -> StoreUnderTest {
        let other = try net.store()
        return StoreUnderTest(store: try net.store()) { try await other.apply($0, ifGeneration: nil) }
    }

    func apply(_ operations: [Nftables.Operation], ifGeneration generation: UInt32? = nil) async throws {
        try await store.apply(Transaction(operations), ifGeneration: generation)
    }
}

/// The promises of a ruleset store. The store in memory and the kernel's keep each of them.
struct RulesetStoreContract: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let check: @Sendable (StoreUnderTest) async throws -> Void

    static let id = TableID(.ip, "contract")
    static let addresses = SetSchema(name: "addresses", key: .types([.ipv4]))
    static let ranges = SetSchema(name: "ranges", key: .types([.ipv4]), isInterval: true)
    static let frontends = SetSchema(name: "frontends", key: .types([.protocolNumber, .port]), value: .verdict)
    static let key = PackedBytes([6, 0, 0, 0, 0, 80, 0, 0])

    /// A table with a set, an interval set, a verdict map, a base chain and a chain that the map leads to.
    static let table = Table(
        id, comment: "a contract",
        sets: [
            NamedSet(addresses, elements: [PackedBytes([10, 0, 0, 1]): .member]),
            NamedSet(ranges, elements: [PackedBytes([10, 0, 0, 0]): .through(PackedBytes([10, 255, 255, 255]))]),
            NamedSet(frontends, elements: [key: .verdict(.goto("target"))]),
        ],
        chains: [
            Chain("target", rules: [Rule(.inSet([.sourceAddress], addresses.name), .verdict(.drop), comment: "why")]),
            Chain(
                "entry", hook: Hook(.filter, .prerouting, priority: Hook.filter),
                rules: [Rule(.verdictMap([.transportProtocol, .destinationPort], frontends.name)), Rule(.verdict(.jump("target")))]),
        ])

    static var whole: [Nftables.Operation] { RulesetDiff.transaction(from: nil, to: table).operations }

    static let all = basics + refusals + notifications

    private static let basics: [RulesetStoreContract] = [
        RulesetStoreContract(testDescription: "a table is read back as it was written") { subject in
            #expect(try await subject.store.read(id, wanted: table).table == nil)
            try await subject.apply(whole)
            #expect(try await subject.store.read(id, wanted: table).table == table)
            try await subject.apply([.deleteTable(id)])
            #expect(try await subject.store.read(id, wanted: table).table == nil)
        },
        RulesetStoreContract(testDescription: "an empty transaction does nothing") { subject in
            let before = try await subject.store.read(id, wanted: table).generation
            try await subject.apply([])
            #expect(try await subject.store.read(id, wanted: table).generation == before)
        },
        RulesetStoreContract(testDescription: "every commit makes a new generation, also that of another program") { subject in
            var generations: [UInt32] = [try await subject.store.read(id, wanted: table).generation]
            try await subject.apply(whole)
            generations.append(try await subject.store.read(id, wanted: table).generation)
            try await subject.applyFromOutside(Transaction([.addTable(TableID(.ip6, "other"), comment: nil)]))
            generations.append(try await subject.store.read(id, wanted: table).generation)
            #expect(Set(generations).count == 3)
        },
        RulesetStoreContract(testDescription: "a transaction for an earlier generation is stale and not performed") { subject in
            try await subject.apply(whole)
            let read = try await subject.store.read(id, wanted: table).generation
            try await subject.applyFromOutside(Transaction([.addTable(TableID(.ip6, "other"), comment: nil)]))
            let error = await #expect(throws: NftablesError.self) { try await subject.apply([.deleteTable(id)], ifGeneration: read) }
            #expect(error?.isStale == true)
            #expect(try await subject.store.read(id, wanted: table).table == table)
            try await subject.apply([.deleteTable(id)], ifGeneration: try await subject.store.read(id, wanted: table).generation)
            #expect(try await subject.store.read(id, wanted: table).table == nil)
        },
        RulesetStoreContract(testDescription: "a rule or set that is not the wanted one is read as something unequal") { subject in
            try await subject.apply(whole)
            var other = table
            other.chains["target"]?.rules = [Rule(.verdict(.drop))]
            other.sets["addresses"]?.schema.comment = "another"
            let found = try #require(try await subject.store.read(id, wanted: other).table)
            #expect(found.chains["target"]?.rules.count == 1 && found.chains["target"]?.rules != other.chains["target"]?.rules)
            guard case .foreign? = found.chains["target"]?.rules.first?.statements.first else {
                Issue.record("\(found.chains) has no foreign rule")
                return
            }
            #expect(found.sets["addresses"] != other.sets["addresses"] && found.sets["addresses"] != table.sets["addresses"])
            #expect(found.sets["frontends"] == table.sets["frontends"] && found.chains["entry"] == table.chains["entry"])
        },
        RulesetStoreContract(testDescription: "the difference of two states turns one into the other") { subject in
            var other = table
            other.chains["target"]?.rules = [Rule(.verdict(.drop))]
            other.chains["more"] = Chain("more")
            other.sets["frontends"]?.elements = [key: .verdict(.goto("more"))]
            other.sets["addresses"] = nil
            try await subject.apply(whole)
            try await subject.apply(RulesetDiff.transaction(from: table, to: other).operations)
            #expect(try await subject.store.read(id, wanted: other).table == other)
            try await subject.apply(RulesetDiff.transaction(from: other, to: table).operations)
            #expect(try await subject.store.read(id, wanted: table).table == table)
        },
    ]

    private static let notifications: [RulesetStoreContract] = [
        RulesetStoreContract(testDescription: "only other programs' changes of the named tables are reported") { subject in
            let changes = try await subject.store.foreignChanges(to: [id])
            let seen = Journal<Void>()
            let listener = Task { for await _ in changes { seen.note(()) } }
            defer { listener.cancel() }
            try await subject.apply(whole)
            try await subject.applyFromOutside(Transaction([.addTable(TableID(.ip, "other"), comment: nil)]))
            try await subject.applyFromOutside(Transaction([.addTable(TableID(.ip6, "contract"), comment: nil)]))
            // A report needs less time than this.
            try await Task.sleep(for: .milliseconds(100))
            #expect(seen.entries.isEmpty)
            try await subject.applyFromOutside(Transaction([.flushChain(id, "entry")]))
            await seen.wait(count: 1)
        }
    ]

    private static let refusals: [RulesetStoreContract] = refused.map { title, errno, operation in
        RulesetStoreContract(testDescription: "a refused operation is named and nothing is done: \(title)") { subject in
            try await subject.apply(whole)
            let good = Operation.addElements(id, addresses, [Element(PackedBytes([10, 9, 9, 9]))])
            let error = await #expect(throws: NftablesError.self) { try await subject.apply([good, operation]) }
            #expect(error?.code == .refused && error?.index == 1 && error?.operation == operation)
            #expect(error?.errno == errno)
            #expect(try await subject.store.read(id, wanted: table).table == table)
        }
    }

    private static let refused: [(title: String, errno: Int32, operation: Nftables.Operation)] = [
        ("a chain of a table that is not there", ENOENT, .addChain(TableID(.ip, "nowhere"), Chain("x"))),
        ("a table to delete that is not there", ENOENT, .deleteTable(TableID(.ip, "nowhere"))),
        ("a chain that exists", EEXIST, .addChain(id, Chain("target"))),
        ("a set that exists", EEXIST, .addSet(id, addresses)),
        ("a rule of a chain that is not there", ENOENT, .addRule(id, chain: "nowhere", Rule(.verdict(.drop)))),
        ("a rule that reads a set that is not there", ENOENT, .addRule(id, chain: "entry", Rule(.inSet([.sourceAddress], "nowhere")))),
        ("a rule that jumps to a chain that is not there", ENOENT, .addRule(id, chain: "entry", Rule(.verdict(.jump("nowhere"))))),
        ("a chain that a map leads to", EBUSY, .deleteChain(id, "target")),
        ("a set that a rule reads", EBUSY, .deleteSet(id, "addresses")),
        (
            "an element of a set that is not there", ENOENT,
            .addElements(id, SetSchema(name: "nowhere", key: .types([.ipv4])), [Element(PackedBytes([1, 2, 3, 4]))])
        ),
        (
            "an element that leads to a chain that is not there", ENOENT,
            .addElements(id, frontends, [Element(PackedBytes([6, 0, 0, 0, 0, 81, 0, 0]), .verdict(.goto("nowhere")))])
        ),
        ("an element with another value", EEXIST, .addElements(id, frontends, [Element(key, .verdict(.drop))])),
        ("an element to delete that is not there", ENOENT, .deleteElements(id, addresses, [Element(PackedBytes([1, 2, 3, 4]))])),
    ]
}
