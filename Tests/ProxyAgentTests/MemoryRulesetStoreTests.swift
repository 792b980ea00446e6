import Nftables
import TestSupport
import Testing

@Suite struct MemoryRulesetStoreTests {
    @Test("the store in memory keeps the contract of ruleset stores")
    func contract() async throws {
        let store = MemoryRulesetStore()
        let contract = RulesetStoreContract(store) {
            store.changeFromOutside { $0[RulesetStoreContract.id]?.chains["base"]?.rules = [] }
        }
        #expect(try await contract.violations() == [])
    }
}
