import Exposition
import MetricsStore
import Testing

/// Facts about Kubernetes 1.36, as its own programs print them.
@Suite struct CatalogueTests {
    private static let all = Catalogue.node + Catalogue.serviceLevels + Catalogue.proxy

    @Test("names are unique, and are those of Prometheus' grammar; labels ascend")
    func grammar() {
        #expect(Set(Self.all.map(\.name)).count == Self.all.count)
        for family in Self.all {
            let words = [family.name] + family.labels
            #expect(words.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 95 } })
            #expect(family.labels == family.labels.sorted() && family.bounds == family.bounds.sorted(), "\(family.name)")
            #expect((family.kind == .histogram) == !family.bounds.isEmpty, "\(family.name)")
            #expect(!family.help.isEmpty && (family.kind != .counter || family.name.hasSuffix("_total") || Self.oldNames.contains(family.name)))
        }
    }

    private static let oldNames = ["kubelet_evictions", "kubelet_preemptions"]

    @Test(
        "buckets are Kubernetes' own",
        arguments: [
            (MetricFamily.podStart, 25, 0.5, 3600.0), (.podStartServiceLevel, 25, 0.5, 3600), (.podStartTotal, 25, 0.5, 3600),
            (.podWorker, 11, 0.005, 10), (.podWorkerStart, 11, 0.005, 10), (.runSandbox, 11, 0.005, 10), (.imagePull, 18, 1, 3600),
            (.runtimeOperationsDuration, 14, 0.005, 745.0580596923828), (.storageOperation, 13, 0.1, 600), (.httpRequestsDuration, 11, 0.005, 10),
            (.clientRequestDuration, 12, 0.005, 60), (.clientRateLimiter, 12, 0.005, 60), (.proxySync, 15, 0.001, 16.384),
            (.proxyProgramming, 81, 0, 300), (.probeDuration, 11, 0.005, 10),
        ])
    func buckets(_ family: MetricFamily, _ count: Int, _ first: Double, _ last: Double) {
        #expect(family.bounds.count == count && family.bounds.first == first && family.bounds.last == last, "\(family.name) \(family.bounds)")
    }

    @Test("the buckets of runtime operations have the digits that client_golang prints")
    func digits() {
        #expect(
            MetricFamily.runtimeOperationsDuration.bounds.prefix(6).map(\.description) == [
                "0.005", "0.0125", "0.03125", "0.078125", "0.1953125", "0.48828125",
            ])
    }
}
