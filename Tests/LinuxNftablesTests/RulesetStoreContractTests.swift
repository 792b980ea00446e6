import Glibc
import Testing

@Suite struct MemoryRulesetStoreTests {
    @Test("the store in memory keeps the promises of a ruleset store", .timeLimit(.minutes(1)), arguments: RulesetStoreContract.all)
    func keeps(_ promise: RulesetStoreContract) async throws { try await promise.check(.memory()) }
}

@Suite(.enabled(if: geteuid() == 0, "needs root")) struct KernelRulesetStoreTests {
    @Test("the kernel's store keeps the promises of a ruleset store", .timeLimit(.minutes(1)), arguments: RulesetStoreContract.all)
    func keeps(_ promise: RulesetStoreContract) async throws { try await promise.check(.kernel(TestNamespace())) }
}
