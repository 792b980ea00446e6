import KubeModel
import PodCore
import Testing

@testable import NodeAgent

@Suite("Configuration of evictions")
struct EvictionConfigurationTests {
    private func settings(_ lines: String) throws -> KubeletSettings {
        try ConfigurationLoader.parse([("a.yaml", "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n" + lines)]).kubelet
    }

    private func thresholds(_ lines: String) throws -> [EvictionThreshold] { try settings(lines).evictionRules.thresholds(DiskLayout()) }

    private func quantity(_ text: String) throws -> EvictionAmount { .quantity(try #require(Quantity(text))) }

    @Test("the defaults are kubelet's, with those that follow from them")
    func defaults() throws {
        let found = try thresholds("")
        #expect(found.allSatisfy { $0.isHard && $0.minimumReclaim == nil })
        let values = Dictionary(uniqueKeysWithValues: found.map { ($0.signal, $0.value) })
        let memory = try quantity("100Mi")
        #expect(
            values == [
                .memoryAvailable: memory, .allocatableMemoryAvailable: memory, .nodeFileSystemAvailable: .fraction(0.1),
                .nodeFileSystemInodesFree: .fraction(0.05), .imageFileSystemAvailable: .fraction(0.15), .imageFileSystemInodesFree: .fraction(0.05),
                .containerFileSystemAvailable: .fraction(0.1), .containerFileSystemInodesFree: .fraction(0.05),
            ])
        let rules = try settings("").evictionRules
        #expect(rules.transitionPeriod == .seconds(300) && rules.maxPodGrace == 0)
    }

    @Test("every field is taken over")
    func fields() throws {
        let lines = """
            evictionHard: {memory.available: 200Mi}
            evictionSoft: {memory.available: 30%, pid.available: "100"}
            evictionSoftGracePeriod: {memory.available: 1m30s, pid.available: 5s, imagefs.available: 1s}
            evictionMinimumReclaim: {memory.available: 1Gi}
            evictionPressureTransitionPeriod: 30s
            evictionMaxPodGracePeriod: 45
            enforceNodeAllocatable: [none]
            """
        let reclaim = try quantity("1Gi")
        #expect(
            try thresholds(lines) == [
                EvictionThreshold(.memoryAvailable, try quantity("200Mi"), minimumReclaim: reclaim),
                EvictionThreshold(.memoryAvailable, .fraction(0.3), grace: .seconds(90), minimumReclaim: reclaim),
                EvictionThreshold(.processIDsAvailable, try quantity("100"), grace: .seconds(5)),
            ])
        let rules = try settings(lines).evictionRules
        #expect(rules.transitionPeriod == .seconds(30) && rules.maxPodGrace == 45)
    }

    @Test("0% and 100% turn a threshold off, also one of the defaults; other defaults stay only if they are merged")
    func off() throws {
        #expect(try settings("evictionHard: {nodefs.available: 0%, imagefs.available: 100%}").evictionHard.isEmpty)
        let merged = try settings("mergeDefaultEvictionSettings: true\nevictionHard: {nodefs.available: 0%, imagefs.available: 20%}").evictionHard
        #expect(merged.count == 4 && merged[.nodeFileSystemAvailable] == nil && merged[.imageFileSystemAvailable] == .fraction(0.2))
        #expect(try settings("evictionSoft: {memory.available: 0%}").evictionSoft.isEmpty)
        #expect(try settings("evictionHard: {}").evictionHard.count == 5)
    }
}
