import Testing

@testable import PodCore

@Suite("Thresholds that follow from others")
struct EvictionRulesTests {
    private func thresholds() throws -> [EvictionThreshold] {
        [
            EvictionThreshold(.memoryAvailable, try Shortage.amount("100Mi"), minimumReclaim: try Shortage.amount("1Mi")),
            EvictionThreshold(.memoryAvailable, try Shortage.amount("200Mi"), grace: .seconds(60)),
            EvictionThreshold(.nodeFileSystemAvailable, try Shortage.amount("10%")),
            EvictionThreshold(.imageFileSystemAvailable, try Shortage.amount("15%")),
            EvictionThreshold(.imageFileSystemInodesFree, try Shortage.amount("5%"), grace: .seconds(1)),
            EvictionThreshold(.containerFileSystemAvailable, try Shortage.amount("77%")),
        ]
    }

    private func derived(_ layout: DiskLayout) throws -> [EvictionThreshold] {
        EvictionRules(try thresholds()).thresholds(layout).filter { $0.signal.rawValue.hasPrefix("containerfs") }
    }

    @Test("writable layers have the thresholds of the file system that they are on, whatever is configured for them")
    func writableLayers() throws {
        let asNode = [EvictionThreshold(.containerFileSystemAvailable, try Shortage.amount("10%"))]
        let asImages = [
            EvictionThreshold(.containerFileSystemAvailable, try Shortage.amount("15%")),
            EvictionThreshold(.containerFileSystemInodesFree, try Shortage.amount("5%"), grace: .seconds(1)),
        ]
        #expect(try derived(DiskLayout()) == asNode)
        #expect(try derived(DiskLayout(hasImageFileSystem: true)) == asImages)
        #expect(try derived(DiskLayout(hasImageFileSystem: true, splitsContainers: true)) == asNode)
    }

    @Test("the hard threshold of memory also holds for all pods together, where they have a limit")
    func allocatable() throws {
        func allocatable(_ limitsPods: Bool) throws -> [EvictionThreshold] {
            EvictionRules(try thresholds(), limitsPods: limitsPods).thresholds(DiskLayout()).filter { $0.signal == .allocatableMemoryAvailable }
        }
        #expect(try allocatable(false).isEmpty)
        let expected = EvictionThreshold(
            .allocatableMemoryAvailable, try Shortage.amount("100Mi"), minimumReclaim: try Shortage.amount("1Mi"))
        #expect(try allocatable(true) == [expected])
    }

    @Test(
        "a hard threshold leaves one second; a soft one the pod's grace period, at most the configured one",
        arguments: [(true, 30, 60, 1), (false, 30, 60, 30), (false, 90, 60, 60), (false, nil, 60, 60), (false, 30, 0, 0)]
            as [(Bool, Int64?, Int64, Int64)])
    func grace(isHard: Bool, podGrace: Int64?, most: Int64, expected: Int64) throws {
        let threshold = EvictionThreshold(.memoryAvailable, try Shortage.amount("1Mi"), grace: isHard ? .zero : .seconds(1))
        #expect(EvictionRules(maxPodGrace: most).grace(for: threshold, podGrace: podGrace) == expected)
        #expect(PodEviction.shortage("", graceLimit: 0).graceLimit == 1)
    }

    @Test(
        "what is removed first depends on where things are",
        arguments: [
            (EvictionSignal.memoryAvailable, false, false, false, false), (.processIDsAvailable, true, false, false, false),
            (.nodeFileSystemAvailable, false, false, true, true), (.imageFileSystemInodesFree, false, false, true, true),
            (.nodeFileSystemAvailable, true, false, false, false), (.imageFileSystemAvailable, true, false, true, true),
            (.containerFileSystemAvailable, true, false, true, true), (.nodeFileSystemInodesFree, true, true, true, false),
            (.imageFileSystemAvailable, true, true, false, true), (.containerFileSystemInodesFree, true, true, true, false),
        ])
    func reclaim(signal: EvictionSignal, hasImages: Bool, splits: Bool, containers: Bool, images: Bool) {
        let plan = ReclaimPlan(for: signal, DiskLayout(hasImageFileSystem: hasImages, splitsContainers: splits))
        #expect(plan.deadContainers == containers && plan.unusedImages == images && plan.isEmpty == !(containers || images))
    }
}
