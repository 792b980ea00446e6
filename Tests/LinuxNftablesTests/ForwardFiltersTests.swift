import LinuxNftables
import LinuxSystem
import Nftables
import TestSupport
import Testing

/// Rules of other programs, as nft and iptables make them, in a namespace.
@Suite("Base chains that drop", .enabled(if: isRoot, "needs root"), .timeLimit(.minutes(1))) struct ForwardFiltersTests {
    private let net: TestNamespace
    private let store: KernelRulesetStore

    init() throws {
        net = try TestNamespace()
        store = try net.store()
    }

    private func found() async throws -> [String] { try await store.droppingChains(exceptNaming: "swl0").map(\.description).sorted() }

    @Test("chains at the hook forward with the policy drop are found in all families, and no others") func families() async throws {
        #expect(try await found().isEmpty)
        for family in ["ip", "ip6", "inet", "bridge"] {
            try net.run("nft add table \(family) a")
            try net.run("nft add chain \(family) a forwarded \\{ type filter hook forward priority 0 \\; policy drop \\; \\}")
            try net.run("nft add chain \(family) a incoming \\{ type filter hook input priority 0 \\; policy drop \\; \\}")
            try net.run("nft add chain \(family) a accepting \\{ type filter hook forward priority 1 \\; policy accept \\; \\}")
            try net.run("nft add chain \(family) a plain")
        }
        #expect(try await found() == ["bridge a forwarded", "inet a forwarded", "ip a forwarded", "ip6 a forwarded"])
        // One of them is about the bridge, another about an interface whose name begins alike.
        try net.run("nft add rule ip a plain iifname swl0 accept")
        try net.run("nft add rule ip6 a plain iifname swl01 accept")
        #expect(try await found() == ["bridge a forwarded", "inet a forwarded", "ip6 a forwarded"])
    }

    @Test("a change of a chain's policy is reported") func changes() async throws {
        try net.run("nft add table ip a")
        try net.run("nft add chain ip a forwarded \\{ type filter hook forward priority 0 \\; policy accept \\; \\}")
        let changes = try await store.chainChanges()
        #expect(try await found().isEmpty)
        try net.run("nft chain ip a forwarded \\{ policy drop \\; \\}")
        for await _ in changes where try await found() == ["ip a forwarded"] { return }
        Issue.record("the changes have ended")
    }
}
