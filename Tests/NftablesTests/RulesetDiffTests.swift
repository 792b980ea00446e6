import Testing

@testable import Nftables

@Suite struct RulesetDiffTests {
    static let id = TableID(.ip, "t")
    static let addresses = SetSchema(name: "addresses", key: .types([.ipv4]))
    static let verdicts = SetSchema(name: "verdicts", key: .types([.port]), value: .verdict)

    static func port(_ number: UInt16) -> PackedBytes {
        PackedBytes([UInt8(number >> 8), UInt8(number & 0xff)])
    }

    static func table(
        _ members: [UInt8] = [1, 2], goto chain: String = "a", chains: [String] = ["a"], schema: SetSchema = addresses, drops: Bool = false
    ) -> Table {
        let elements = Dictionary(uniqueKeysWithValues: members.map { (PackedBytes([10, 0, 0, $0]), ElementValue.member) })
        return Table(
            id,
            sets: [NamedSet(schema, elements: elements), NamedSet(verdicts, elements: [port(80): .verdict(.goto(chain))])],
            chains: chains.map { Chain($0, rules: [Rule(.counter)]) } + [
                Chain(
                    "base", hook: Hook(.filter, .input, priority: 0),
                    rules: [
                        Rule(.inSet([.sourceAddress], "addresses"), .verdict(drops ? .drop : .accept)),
                        Rule(.verdictMap([.destinationPort], "verdicts")),
                    ])
            ])
    }

    @Test("equal tables need no operation") func equalTablesNeedNothing() {
        #expect(RulesetDiff.transaction(from: Self.table(), to: Self.table()).isEmpty)
    }

    @Test("a missing table is made in order") func aMissingTableIsMadeInOrder() {
        let operations = RulesetDiff.transaction(from: nil, to: Self.table()).operations
        let kinds = operations.map { String("\($0)".split(separator: " ").prefix(3).joined(separator: " ")) }
        #expect(
            kinds == [
                "add table ip", "add set addresses", "add map verdicts", "add chain a", "add chain base", "add 2 elements", "add 1 elements",
                "add a rule",
                "add a rule", "add a rule",
            ])
    }

    @Test("changed members change elements only") func changedMembersChangeElementsOnly() {
        let operations = RulesetDiff.transaction(from: Self.table([1, 2]), to: Self.table([2, 3])).operations
        #expect(
            operations == [
                .deleteElements(Self.id, Self.addresses, [Element(PackedBytes([10, 0, 0, 1]))]),
                .addElements(Self.id, Self.addresses, [Element(PackedBytes([10, 0, 0, 3]))]),
            ])
    }

    /// The element leaves before the chain that it refers to, and comes after the one that it will refer to.
    @Test("a replaced chain is left first and entered last") func aReplacedChainIsLeftFirstAndEnteredLast() {
        let operations = RulesetDiff.transaction(from: Self.table(goto: "a", chains: ["a"]), to: Self.table(goto: "b", chains: ["b"])).operations
        #expect(
            operations == [
                .flushChain(Self.id, "a"), .deleteElements(Self.id, Self.verdicts, [Element(Self.port(80), .verdict(.goto("a")))]),
                .deleteChain(Self.id, "a"), .addChain(Self.id, Chain("b", rules: [Rule(.counter)])),
                .addElements(Self.id, Self.verdicts, [Element(Self.port(80), .verdict(.goto("b")))]),
                .addRule(Self.id, chain: "b", Rule(.counter)),
            ])
    }

    @Test("a changed rule rewrites its chain") func aChangedRuleRewritesItsChain() {
        let operations = RulesetDiff.transaction(from: Self.table(), to: Self.table(drops: true)).operations
        #expect(operations.first == .flushChain(Self.id, "base"))
        #expect(operations.count == 3 && operations.dropFirst().allSatisfy { if case .addRule(_, "base", _) = $0 { true } else { false } })
    }

    @Test("a changed declaration rewrites the rules that refer to the set") func aChangedDeclarationRewritesWhatRefersToTheSet() {
        var schema = Self.addresses
        schema.comment = "new"
        let operations = RulesetDiff.transaction(from: Self.table(), to: Self.table(schema: schema)).operations
        let expected: [Operation] = [.flushChain(Self.id, "base"), .deleteSet(Self.id, "addresses"), .addSet(Self.id, schema)]
        #expect(operations.prefix(3) == expected[...])
        #expect(operations.contains { if case .addElements(_, schema, let elements) = $0 { elements.count == 2 } else { false } })
    }

    @Test("a foreign rule equals no wanted one") func aForeignRuleIsNeverEqual() {
        var committed = Self.table()
        committed.chains["base"]?.rules.append(Rule(.foreign("x")))
        #expect(!RulesetDiff.transaction(from: committed, to: Self.table()).isEmpty)
    }
}
