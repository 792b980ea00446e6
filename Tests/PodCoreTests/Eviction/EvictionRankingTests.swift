import KubeModel
import Testing

@testable import PodCore

@Suite("The order in which pods are evicted")
struct EvictionRankingTests {
    private func names(_ signal: EvictionSignal, _ pods: [(Pod, PodUsage?)], _ layout: DiskLayout = DiskLayout()) -> [String] {
        let usage = Dictionary(uniqueKeysWithValues: pods.compactMap { pod, usage in usage.map { (pod.uid, $0) } })
        return EvictionRanking(signal, layout).victims(among: pods.map(\.0), usage).map(\.name)
    }

    private func uses(_ mebi: Int64) -> PodUsage { PodUsage(memory: mebi << 20) }

    @Test("memory: pods above their requests first, then by priority, then by how much they are above")
    func memory() throws {
        let request = #"{"memory":"100Mi"}"#
        let found = names(
            .memoryAvailable,
            [
                (try Shortage.pod("within", requests: #"{"memory":"500Mi"}"#, priority: -5), uses(499)),
                (try Shortage.pod("important", requests: request, priority: 10), uses(400)),
                (try Shortage.pod("above", requests: request), uses(150)),
                (try Shortage.pod("far-above", requests: request), uses(151)),
                (try Shortage.pod("best-effort"), uses(60)),
                (try Shortage.pod("exactly", requests: request), uses(100)),
                (try Shortage.pod("overhead", requests: request, more: #","overhead":{"memory":"100Mi"}"#), uses(180)),
            ])
        #expect(found == ["best-effort", "far-above", "above", "important", "within", "exactly", "overhead"])
    }

    @Test("a pod of which nothing is known comes first; for process ids its priority comes before")
    func unmeasured() throws {
        let pods: [(Pod, PodUsage?)] = [
            (try Shortage.pod("large"), PodUsage(memory: 1 << 30, tasks: 900)), (try Shortage.pod("unknown", priority: 5), nil),
        ]
        #expect(names(.memoryAvailable, pods) == ["unknown", "large"])
        #expect(names(.processIDsAvailable, pods) == ["large", "unknown"])
    }

    @Test("process ids: by priority, then by their number")
    func processIDs() throws {
        let found = names(
            .processIDsAvailable,
            [
                (try Shortage.pod("few"), PodUsage(tasks: 1)), (try Shortage.pod("many"), PodUsage(tasks: 500)),
                (try Shortage.pod("important", priority: 1), PodUsage(tasks: 5000)),
            ])
        #expect(found == ["many", "few", "important"])
    }

    @Test("critical pods are never among them")
    func critical() throws {
        var mirror = try Shortage.pod("mirror")
        mirror.metadata.annotations = [Pod.mirrorAnnotation: "x"]
        var fixed = try Shortage.pod("static")
        fixed.metadata.annotations = [Pod.sourceAnnotation: "file"]
        let found = names(
            .memoryAvailable,
            [
                (try Shortage.pod("critical", priority: 2_000_000_000), uses(900)), (mirror, uses(900)), (fixed, uses(900)),
                (try Shortage.pod("ordinary", priority: 1_999_999_999), uses(1)),
            ])
        #expect(found == ["ordinary"])
    }

    /// `layers` uses 300 bytes in its layer, `volumes` 200 in volumes and logs with more inodes, and both request nothing.
    private func disks() throws -> [(Pod, PodUsage?)] {
        [
            (try Shortage.pod("layers"), PodUsage(disk: PodDiskUse(layers: ["c": DiskUse(bytes: 300, inodes: 3)]))),
            (
                try Shortage.pod("volumes"),
                PodUsage(disk: PodDiskUse(logs: ["c": DiskUse(bytes: 100, inodes: 20)], volumes: ["v": DiskUse(bytes: 100, inodes: 20)]))
            ),
        ]
    }

    @Test(
        "disk: only what is on the file system that is full counts",
        arguments: [
            (EvictionSignal.nodeFileSystemAvailable, false, false, "layers"), (.nodeFileSystemInodesFree, false, false, "volumes"),
            (.imageFileSystemAvailable, false, false, "layers"), (.nodeFileSystemAvailable, true, false, "volumes"),
            (.imageFileSystemInodesFree, true, false, "layers"), (.containerFileSystemAvailable, true, false, "layers"),
            (.nodeFileSystemAvailable, true, true, "layers"), (.containerFileSystemInodesFree, true, true, "volumes"),
        ])
    func disk(signal: EvictionSignal, hasImages: Bool, splits: Bool, first: String) throws {
        let layout = DiskLayout(hasImageFileSystem: hasImages, splitsContainers: splits)
        #expect(names(signal, try disks(), layout).first == first)
    }

    @Test("disk: a pod within its request comes after one that requested nothing")
    func diskRequests() throws {
        let modest = try Shortage.pod("modest", requests: #"{"ephemeral-storage":"1Ki"}"#)
        let pods = try disks() + [(modest, PodUsage(disk: PodDiskUse(layers: ["c": DiskUse(bytes: 1000, inodes: 1)])))]
        #expect(names(.nodeFileSystemAvailable, pods) == ["layers", "volumes", "modest"])
    }

    @Test("of equal pods the younger one ends")
    func equal() throws {
        var (old, young) = (try Shortage.pod("old"), try Shortage.pod("young"))
        old.metadata.creationTimestamp = Timestamp(seconds: 1)
        young.metadata.creationTimestamp = Timestamp(seconds: 2)
        #expect(names(.memoryAvailable, [(old, uses(5)), (young, uses(5))]) == ["young", "old"])
    }
}
