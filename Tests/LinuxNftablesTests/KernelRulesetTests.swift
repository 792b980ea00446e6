import Addresses
import Glibc
import LinuxNftables
import LinuxSystem
import Nftables
import ProxyCore
import TestSupport
import Testing

@Suite(.enabled(if: isRoot, "needs root")) struct KernelRulesetTests {
    let net: TestNamespace
    let store: KernelRulesetStore

    init() throws {
        net = try TestNamespace()
        store = try net.store()
    }

    func apply(_ tables: [Table], over old: [Table?] = [nil, nil]) async throws {
        let operations = zip(old, tables).flatMap { RulesetDiff.transaction(from: $0, to: $1).operations }
        try await store.apply(Transaction(operations), ifGeneration: nil)
    }

    @Test("the kernel lists the tables as they are printed") func theKernelListsWhatThePrinterWrites() async throws {
        let tables = Rulesets.tables(Rulesets.entries(3, endpoints: 2) + Rulesets.entries(1, endpoints: 0))
        try await apply(tables)
        let listed = try net.ruleset()
        let printed = tables.map { NftText.text(of: $0) }.joined()
        #expect(Rulesets.blocks(listed) == Rulesets.blocks(printed))
        #expect(try net.run("nft -j list ruleset").contains("service-endpoints"))
    }

    @Test("tables with every feature are listed as printed, recognised, and turned into others") func everyFeature() async throws {
        let tables = Rulesets.tables(Rulesets.featuredEntries() + Rulesets.entries(1, endpoints: 0), configuration: Rulesets.featuredConfiguration)
        try await apply(tables)
        #expect(Rulesets.blocks(try net.ruleset()) == Rulesets.blocks(tables.map { NftText.text(of: $0) }.joined()))
        #expect(try net.run("nft -j list ruleset").contains("affinities"))
        for table in tables {
            let found = try await store.read(table.id, wanted: table)
            let committed = try #require(found.table)
            let difference = RulesetDiff.transaction(from: committed, to: table)
            #expect(difference.isEmpty, "\(difference.operations)")
        }
        let plain = Rulesets.tables(Rulesets.entries(5, endpoints: 3))
        try await apply(plain, over: tables)
        #expect(Rulesets.blocks(try net.ruleset()) == Rulesets.blocks(plain.map { NftText.text(of: $0) }.joined()))
        try await apply(tables, over: plain)
        // One admitted range less: the others stay.
        let fewer = Rulesets.tables(
            Rulesets.featuredEntries().map { entry in
                var entry = entry
                entry.sourceRanges?.removeLast()
                return entry
            }, configuration: Rulesets.featuredConfiguration)
        try await apply(fewer, over: tables)
        #expect(Rulesets.blocks(try net.ruleset()) == Rulesets.blocks(fewer.map { NftText.text(of: $0) }.joined()))
    }

    @Test("nft accepts the printed text") func nftAcceptsThePrintedText() async throws {
        let tables = Rulesets.tables(Rulesets.entries(3, endpoints: 2))
        let path = "/tmp/swiftlet-test-\(getpid())-\(UInt32.random(in: 0 ... .max)).nft"
        let file = try #require(fopen(path, "w"))
        defer { unlink(path) }
        fputs("flush ruleset\n" + tables.map { NftText.text(of: $0) }.joined(), file)
        fclose(file)
        try net.run("nft -c -f \(path)")
        // Also while the tables are there.
        try await apply(tables)
        try net.run("nft -c -f \(path)")
        // nft makes the same objects of the text as the store.
        try net.run("nft flush ruleset")
        try net.run("nft -f \(path)")
        for (found, written) in zip(Rulesets.blocks(try net.ruleset()), Rulesets.blocks(tables.map { NftText.text(of: $0) }.joined())) {
            #expect(found == written)
        }
    }

    @Test("written tables are recognised without a difference") func whatWasWrittenIsRecognisedWithoutADifference() async throws {
        let tables = Rulesets.tables(Rulesets.entries(7, endpoints: 3) + Rulesets.entries(1, endpoints: 0))
        try await apply(tables)
        for table in tables {
            let found = try await store.read(table.id, wanted: table)
            let committed = try #require(found.table)
            let difference = RulesetDiff.transaction(from: committed, to: table)
            #expect(difference.isEmpty, "\(difference.operations)")
            #expect(committed == table)
        }
    }

    @Test("a difference turns one ruleset into another") func aDifferenceTurnsOneRulesetIntoAnother() async throws {
        let old = Rulesets.tables(Rulesets.entries(5, endpoints: 3))
        var changed = Rulesets.configuration
        changed.clusterCIDRs = [CIDR("10.0.0.0/8")!]
        changed.masqueradesAll = true
        changed.masqueradesPodEgress = false
        let new = Rulesets.tables(Rulesets.entries(8, endpoints: 2), configuration: changed)
        try await apply(old)
        try await apply(new, over: old)
        #expect(Rulesets.blocks(try net.ruleset()) == Rulesets.blocks(new.map { NftText.text(of: $0) }.joined()))
        try await apply(old, over: new)
        #expect(Rulesets.blocks(try net.ruleset()) == Rulesets.blocks(old.map { NftText.text(of: $0) }.joined()))
    }

    @Test("rules that tell pods by the interface are listed as printed, recognised, and turned into others") func interfaces() async throws {
        var before: [Table?] = [nil, nil]
        for mode in [
            LocalTraffic.bridge("cni0"), .interfaces(prefix: "veth"), .bridge("cni"), .interfaces(prefix: "vet"), .nodeRanges, .clusterRanges,
        ] {
            var configuration = Rulesets.featuredConfiguration
            configuration.localTraffic = mode
            let tables = Rulesets.tables(Rulesets.featuredEntries(), configuration: configuration)
            try await apply(tables, over: before)
            #expect(Rulesets.blocks(try net.ruleset()) == Rulesets.blocks(tables.map { NftText.text(of: $0) }.joined()))
            for table in tables { #expect(try await store.read(table.id, wanted: table).table == table) }
            before = tables
        }
    }

    @Test("foreign changes of every kind are found and undone") func foreignChangesOfEveryKindAreFoundAndUndone() async throws {
        let table = Rulesets.tables(Rulesets.entries(3, endpoints: 2))[0]
        for vandalism in [
            "nft delete table ip swiftlet", "nft flush table ip swiftlet", "nft flush chain ip swiftlet services",
            "nft flush set ip swiftlet cluster-ips", "nft delete element ip swiftlet service-frontends { 10.0.0.1 . tcp . 80 }",
            "nft add rule ip swiftlet services counter drop", "nft insert rule ip swiftlet nat-postrouting return",
            "nft add chain ip swiftlet other", "nft add set ip swiftlet other { type ipv4_addr\\; }",
            "nft add chain ip swiftlet filter-output { policy drop\\; }",
        ] {
            try await store.apply(RulesetDiff.transaction(from: try await store.read(table.id, wanted: table).table, to: table), ifGeneration: nil)
            try net.run(vandalism)
            let found = try await store.read(table.id, wanted: table)
            let repair = RulesetDiff.transaction(from: found.table, to: table)
            #expect(!repair.isEmpty, "\(vandalism) went unnoticed")
            try await store.apply(repair, ifGeneration: found.generation)
            #expect(try await store.read(table.id, wanted: table).table == table, "\(vandalism) was not undone")
        }
    }

    @Test("a refused operation is named and nothing is done") func aRefusedOperationIsNamedAndNothingIsDone() async throws {
        let table = Rulesets.tables(Rulesets.entries(3, endpoints: 2))[0]
        try await apply([table], over: [nil])
        let before = try net.ruleset()
        let bad = Operation.addChain(TableID(.ip, "nowhere"), Chain("x"))
        let schema = try #require(table.sets["cluster-ips"]?.schema)
        let good = Operation.addElements(table.id, schema, [Element(PackedBytes([10, 9, 9, 9]))])
        let error = await #expect(throws: NftablesError.self) {
            try await store.apply(Transaction([good, bad, .flushChain(table.id, "services")]), ifGeneration: nil)
        }
        #expect(error?.code == .refused && error?.errno == ENOENT && error?.index == 1 && error?.operation == bad)
        #expect(error.map { "\($0)" }?.hasPrefix("add chain x to ip nowhere: No such file or directory (ENOENT)") == true)
        #expect(try net.ruleset() == before)
    }

    @Test("a transaction for an earlier generation is refused") func aChangedGenerationIsRefused() async throws {
        let table = Rulesets.tables([])[0]
        try await apply([table], over: [nil])
        let generation = try await store.generation()
        try net.run("nft add table ip somebody")
        #expect(try await store.generation() != generation)
        let error = await #expect(throws: NftablesError.self) {
            try await store.apply(Transaction([.flushChain(table.id, "services")]), ifGeneration: generation)
        }
        #expect(error?.isStale == true)
        #expect(try await store.read(table.id, wanted: table).table == table)
    }

    @Test("long names and foreign rules are refused before the kernel sees them") func foreignNamesAreRefusedBeforeTheKernelSeesThem() async throws {
        let long = String(repeating: "x", count: 256)
        for operation in [Operation.addChain(TableID(.ip, "t"), Chain(long)), .addRule(TableID(.ip, "t"), chain: "c", Rule(.foreign("?")))] {
            let error = await #expect(throws: NftablesError.self) { try await store.apply(Transaction([operation]), ifGeneration: nil) }
            #expect(error?.code == .unencodable && error?.index == 0)
        }
    }

    @Test("chains and rules do not grow with Services") func chainsAndRulesDoNotGrowWithServices() async throws {
        func counts(_ services: Int) async throws -> [Int] {
            let net = try TestNamespace()
            let tables = Rulesets.tables(Rulesets.entries(services, endpoints: 3))
            let operations = tables.flatMap { RulesetDiff.transaction(from: nil, to: $0).operations }
            try await net.store().apply(Transaction(operations), ifGeneration: nil)
            let lines = try net.run("nft -s -t list ruleset").split(separator: "\n")
            return [lines.count, lines.filter { $0.hasPrefix("\tchain ") }.count]
        }
        #expect(try await counts(5) == counts(500))
    }

    @Test("only foreign changes of the named tables are reported") func onlyForeignChangesOfOurTablesAreTold() async throws {
        let tables = Rulesets.tables(Rulesets.entries(3, endpoints: 2))
        var changes = try await store.foreignChanges(to: tables.map(\.id)).makeAsyncIterator()
        try await apply(tables)
        try net.run("nft add table ip somebody")
        try net.run("nft add chain ip somebody c")
        // Nothing may have come until here: the next value is the one for the flush.
        let store = try net.store()
        let clock = ContinuousClock()
        let start = clock.now
        try net.run("nft flush chain ip swiftlet services")
        #expect(await changes.next() != nil)
        #expect(clock.now - start < .seconds(1))
        #expect(try await store.read(tables[0].id, wanted: tables[0]).table != tables[0])
    }
}
