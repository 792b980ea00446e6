import PodCore
import Testing

@Suite struct ImageCollectionTests {
    private static func image(_ id: String, lastUse: Int64 = 0, idle: Int64 = 1000, isPinned: Bool = false) -> StoredImage {
        StoredImage(
            image: ImageDescription(
                id: id, names: [id], repoDigests: [], size: 1, config: ImageConfig(), lowerDirectories: ["/layers/\(id)", "/layers/base"]),
            isPinned: isPinned, lastUse: lastUse, idle: .seconds(idle), unpackedBytes: 10, ownBytes: 10)
    }

    @Test(
        "images are collected from the high threshold on, down to the low one",
        arguments: [(16, nil), (15, 5), (14, 6), (0, 20), (100, nil)] as [(Int64, Int64?)])
    func thresholds(_ available: Int64, _ wanted: Int64?) {
        #expect(ImageCollectionPolicy().bytesToFree(ImageSpace(capacity: 100, available: available)) == wanted)
        // A large disk does not overflow.
        let unit: Int64 = 1 << 55
        #expect(
            ImageCollectionPolicy().bytesToFree(ImageSpace(capacity: 100 * unit, available: available * unit)) == wanted.map { $0 * unit })
    }

    @Test("a high threshold of 100 collects nothing, and a disk without capacity is not full")
    func off() {
        let policy = ImageCollectionPolicy(highThreshold: 100, lowThreshold: 80)
        #expect(policy.bytesToFree(ImageSpace(capacity: 100, available: 0)) == nil)
        #expect(ImageCollectionPolicy().bytesToFree(ImageSpace(capacity: 0, available: 0)) == nil)
    }

    @Test(
        "for a pull, at least what it lacks is freed, and the low threshold reached",
        arguments: [(16, 17, 4), (16, 30, 14), (16, 16, 0), (30, 20, 0), (16, nil, 4), (50, nil, 1)] as [(Int64, Int64?, Int64)])
    func forPull(_ available: Int64, _ wanted: Int64?, _ freed: Int64) {
        #expect(ImageCollectionPolicy().bytesToFree(ImageSpace(capacity: 100, available: available), forPull: wanted) == freed)
        #expect(ImageCollectionPolicy(highThreshold: 100).bytesToFree(ImageSpace(capacity: 100, available: available), forPull: wanted) == nil)
    }

    @Test("the least recently used image goes first, an image in use or pinned never")
    func order() {
        let images = [
            Self.image("new", lastUse: 30), Self.image("used", lastUse: 1), Self.image("old", lastUse: 10), Self.image("pinned", isPinned: true),
            Self.image("middle", lastUse: 20), Self.image("volume", lastUse: 2),
        ]
        let plan = ImageCollectionPlan(images, used: UsedImages(stacks: [["/layers/used", "/layers/base"], ["/layers/other"]], ids: ["volume"]))
        #expect(plan.candidates.map(\.image.id) == ["old", "middle", "new"])
        #expect(plan.used == ["used", "volume"])
        #expect(plan.directories == ["/layers/used", "/layers/base", "/layers/other", "/layers/volume"])
    }

    @Test("an image that came or was asked for just now stays")
    func minimumAge() {
        let plan = ImageCollectionPlan([Self.image("young", idle: 119), Self.image("ripe", idle: 120)], used: UsedImages())
        #expect(plan.forRoom(ImageCollectionPolicy()).map(\.image.id) == ["ripe"])
    }

    @Test("images beyond the maximum age go however much room there is, once the agent has looked for that long")
    func maximumAge() {
        let policy = ImageCollectionPolicy(maximumAge: .seconds(1000))
        let plan = ImageCollectionPlan([Self.image("old", lastUse: 100), Self.image("young", lastUse: 1200)], used: UsedImages())
        #expect(plan.tooOld(policy, now: 2000, running: .seconds(1001)).map(\.image.id) == ["old"])
        #expect(plan.tooOld(policy, now: 2000, running: .seconds(1000)).isEmpty)
        #expect(plan.tooOld(ImageCollectionPolicy(), now: 2000, running: .seconds(100_000)).isEmpty)
    }

    @Test(
        "sizes are written as kubelet writes them",
        arguments: [
            (0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1536, "1.5 KiB"), (1 << 20, "1.0 MiB"), (20 << 30, "20.0 GiB"), (3 << 40, "3.0 TiB"),
            (5 << 50, "5120.0 TiB"),
        ] as [(Int64, String)])
    func sizes(_ bytes: Int64, _ text: String) {
        #expect(ByteText.of(bytes) == text)
    }
}
