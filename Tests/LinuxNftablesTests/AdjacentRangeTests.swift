import Addresses
import LinuxNftables
import Nftables
import ProxyCore
import TestSupport
import Testing

/// Ranges side by side in one set, as the podCIDRs of several nodes are.
@Suite(.enabled(if: isRoot, "needs root")) struct AdjacentRangeTests {
    @Test("ranges side by side are read back as they were written, in any order of their coming") func adjacentRanges() async throws {
        let net = try TestNamespace()
        let store = try net.store()
        let id = TableID(.ip, "ranges")
        func table(_ ranges: [String]) throws -> Table {
            var elements: [PackedBytes: ElementValue] = [:]
            for text in ranges {
                let range = try #require(CIDR(text))
                elements[PackedBytes(range.first.bytes)] = .through(PackedBytes(range.last.bytes))
            }
            return Table(id, sets: [NamedSet(SetSchema(name: "ranges", key: .types([.ipv4]), isInterval: true), elements: elements)], chains: [])
        }
        var before: Table?
        for ranges in [["10.244.2.0/24"], ["10.244.1.0/24", "10.244.2.0/24", "10.244.3.0/24"], ["10.244.1.0/24", "10.244.3.0/24"]] {
            let wanted = try table(ranges)
            try await store.apply(Transaction(RulesetDiff.transaction(from: before, to: wanted).operations), ifGeneration: nil)
            #expect(try await store.read(id, wanted: wanted).table == wanted)
            before = wanted
        }
    }
}
