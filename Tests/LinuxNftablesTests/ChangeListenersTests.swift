import Glibc
import LinuxSystem
import Nftables
import ProxyCore
import TestSupport
import Testing

@testable import LinuxNftables

/// While anybody listens, the kernel keeps a message of some KiB for each element up to the end of a commit.
@Suite("Nobody listens to a large commit", .enabled(if: isRoot, "needs root"), .timeLimit(.minutes(1)))
struct ChangeListenersTests {
    private struct Broken: Error {}

    private let net: TestNamespace
    private let store: KernelRulesetStore
    private let table = TableID(.ip, "swiftlet")

    init() throws {
        net = try TestNamespace()
        store = try net.store()
    }

    /// How many sockets of the namespace are in the group of nf_tables' changes.
    private func listenerCount() throws -> Int {
        try net.run("cat /proc/net/netlink").split(separator: "\n").count { line in
            // Socket, protocol (12 is netfilter), port, groups as a mask: 7 is the group's number.
            let columns = line.split(separator: " ")
            return columns.count > 3 && columns[1] == "12" && (UInt32(columns[3], radix: 16) ?? 0) & 1 << 6 != 0
        }
    }

    private func pause(_ commit: () throws -> Void) throws {
        try ChangeListeners.shared.pause(in: store.namespaceID, generation: { try KernelRulesetStore.generation(store.socket) }, commit)
    }

    private func commit(_ operations: Operation...) throws { try KernelRulesetStore.commit(Transaction(operations), nil, store.socket) }

    /// Runs `work` beside a listener and returns how many values that one gets of it. In the end it must hear of a change by another program.
    private func told(_ work: () async throws -> Void) async throws -> Int {
        let changes = try await store.foreignChanges(to: [table])
        let seen = Journal<Void>()
        let listener = Task { for await _ in changes { seen.note(()) } }
        defer { listener.cancel() }
        try await work()
        #expect(try listenerCount() == 1)
        // A value that has been told already is taken before the next one comes.
        try await Task.sleep(for: .milliseconds(100))
        let before = seen.entries.count
        try net.run("nft add table ip swiftlet; nft add chain ip swiftlet foreign; nft add rule ip swiftlet foreign counter")
        await seen.wait(count: before + 1)
        return before
    }

    @Test("the listener is away during the commit and back behind it, and is not told of it") func own() async throws {
        let told = try await told {
            try pause {
                #expect(try listenerCount() == 0)
                try commit(.addTable(table, comment: nil))
            }
        }
        #expect(told == 0)
    }

    @Test("what others commit meanwhile is told") func foreign() async throws {
        let told = try await told {
            try pause {
                try net.run("nft add table ip somebody")
                try commit(.addTable(table, comment: nil))
            }
        }
        #expect(told == 1)
    }

    @Test("after a failure the listener is back, and is told of nothing but what others have done", arguments: [true, false])
    func failure(isQuiet: Bool) async throws {
        let told = try await told {
            #expect(throws: Broken.self) {
                try pause {
                    if !isQuiet { try net.run("nft add table ip somebody") }
                    throw Broken()
                }
            }
        }
        #expect(told == (isQuiet ? 0 : 1))
    }

    @Test("a transaction of many elements is such a commit, one of few is not") func size() async throws {
        let tables = Rulesets.tables(Rulesets.entries(400, endpoints: 2))
        let all = Transaction(tables.flatMap { RulesetDiff.transaction(from: nil, to: $0).operations })
        #expect(all.elementCount == tables.flatMap(\.sets.values).reduce(0) { $0 + $1.elements.count })
        #expect(all.elementCount >= ChangeListeners.leastElements)
        let told = try await told {
            try await store.apply(all, ifGeneration: nil)
            for table in tables { #expect(try await store.read(table.id, wanted: table).table == table) }
        }
        #expect(told == 0)
    }

    @Test("listeners of other namespaces stay, and one that is gone is forgotten") func others() async throws {
        let there = try TestNamespace()
        let changes = try await there.store().foreignChanges(to: [table])
        do {
            let gone = try await store.foreignChanges(to: [table])
            withExtendedLifetime(gone) {}
        }
        try pause { try commit(.addTable(table, comment: nil)) }
        #expect(try there.run("cat /proc/net/netlink").contains("00000040"))
        withExtendedLifetime(changes) {}
    }
}
