import KubeModel
import PodCore
import Synchronization
import TestSupport
import Testing
import Timing

@testable import KubeClient
@testable import NodeAgent

@Suite("Image garbage collection", .timeLimit(.minutes(1)))
struct ImageCollectorTests {
    private let time = ManualTime()
    private let events = FakeEventAPI()

    private func collector(_ inventory: FakeInventory, _ policy: ImageCollectionPolicy = ImageCollectionPolicy()) -> (ImageCollector, EventRecorder) {
        let recorder = EventRecorder(api: events, nodeName: "node-1", time: time, logger: .silent)
        let collector = ImageCollector(
            images: inventory, users: inventory, events: recorder, policy: policy, nodeName: "node-1", time: time, logger: .silent)
        return (collector, recorder)
    }

    /// Images of 20 bytes each, which fill 100 bytes with what else is there.
    private static func full(others: Int64 = 10) -> FakeInventory.State {
        FakeInventory.State(
            images: [
                FakeInventory.image("used", bytes: 20, lastUse: 1), FakeInventory.image("pinned", bytes: 20, lastUse: 2, isPinned: true),
                FakeInventory.image("new", bytes: 20, lastUse: 30), FakeInventory.image("old", bytes: 20, lastUse: 10),
            ], others: others, used: UsedImages(stacks: [["/used"]]))
    }

    @Test("from the high threshold on, unused images go in the order of their use until the low threshold is reached")
    func collects() async throws {
        let inventory = FakeInventory(Self.full())
        let (collector, _) = collector(inventory)
        try await whileRunning({ await collector.run() }) {
            await time.waitForSleeper(until: ImageCollector.period)
        }
        #expect(inventory.calls.entries == ["use used", "space", "leftovers 86400", "remove old"])
        #expect(inventory.state.withLock { $0.images.map(\.image.id) } == ["used", "pinned", "new"])
    }

    @Test("below the high threshold nothing is removed")
    func leavesRoomAlone() async throws {
        let inventory = FakeInventory(Self.full(others: 4))
        let (collector, _) = collector(inventory)
        try await whileRunning({ await collector.run() }) {
            await time.waitForSleeper(until: ImageCollector.period)
        }
        #expect(inventory.calls.entries == ["use used", "space"])
    }

    @Test("the use of an image is noted when it begins and when it is over, and not in between")
    func notesChangesOfUse() async throws {
        let inventory = FakeInventory(Self.full(others: 4))
        let (collector, _) = collector(inventory)
        try await whileRunning({ await collector.run() }) {
            for look in 1...3 {
                await time.waitForSleeper(until: ImageCollector.period * look)
                if look == 2 { inventory.state.withLock { $0.used = UsedImages(stacks: []) } }
                time.advance(by: ImageCollector.period)
            }
            await time.waitForSleeper(until: ImageCollector.period * 4)
        }
        #expect(inventory.calls.entries == ["use used", "space", "space", "use used", "space", "space"])
    }

    @Test("what is left of pulls goes before images")
    func leftoversFirst() async throws {
        var state = Self.full(others: 0)
        state.leftovers = 10
        let inventory = FakeInventory(state)
        let (collector, _) = collector(inventory)
        try await whileRunning({ await collector.run() }) {
            await time.waitForSleeper(until: ImageCollector.period)
        }
        #expect(inventory.calls.entries == ["use used", "space", "leftovers 86400"])
    }

    @Test("too little room is reported at once, and a failure of the collection when it repeats")
    func reports() async throws {
        var state = Self.full()
        state.others = 60
        state.images.removeAll { $0.image.id == "new" || $0.image.id == "old" }
        let inventory = FakeInventory(state)
        let (collector, recorder) = collector(inventory)
        let message =
            "Insufficient free disk space on the node's image filesystem (100% of 100 B used). "
            + "Failed to free sufficient space by deleting unused images (freed 0 bytes). "
            + "Investigate disk usage, as it could be used by active images, logs, volumes, or other data."
        try await whileRunning({ await recorder.run() }) {
            try await whileRunning({ await collector.run() }) {
                await time.waitForSleeper(until: ImageCollector.period)
                time.advance(by: ImageCollector.period)
                await events.calls.wait { $0.contains { $0.text == "create ImageGCFailed" } }
            }
        }
        let created = events.created
        #expect(created.first?.reason == "FreeDiskSpaceFailed" && created.first?.message == message)
        #expect(created.first?.involvedObject.kind == "Node")
        #expect(created.last { $0.reason == "ImageGCFailed" }?.message == message)
    }

    @Test("images beyond the maximum age go without need")
    func maximumAge() async throws {
        let epoch: Int64 = 1_800_000_000
        let inventory = FakeInventory(
            FakeInventory.State(images: [
                FakeInventory.image("old", bytes: 1, lastUse: epoch - 700), FakeInventory.image("young", bytes: 1, lastUse: epoch + 250),
            ]))
        let (collector, _) = collector(inventory, ImageCollectionPolicy(maximumAge: .seconds(200)))
        try await whileRunning({ await collector.run() }) {
            await time.waitForSleeper(until: ImageCollector.period)
            #expect(inventory.state.withLock { $0.images.count } == 2)
            time.advance(by: ImageCollector.period)
            await time.waitForSleeper(until: ImageCollector.period * 2)
        }
        #expect(inventory.state.withLock { $0.images.map(\.image.id) } == ["young"])
    }

    @Test("an image that was in use for long is not beyond the maximum age when its use ends")
    func maximumAgeAfterLongUse() async throws {
        let epoch: Int64 = 1_800_000_000
        var state = FakeInventory.State(images: [FakeInventory.image("busy", bytes: 1, lastUse: epoch - 5000)], now: epoch)
        state.used = UsedImages(stacks: [["/busy"]])
        let inventory = FakeInventory(state)
        let (collector, _) = collector(inventory, ImageCollectionPolicy(maximumAge: .seconds(200)))
        try await whileRunning({ await collector.run() }) {
            await time.waitForSleeper(until: ImageCollector.period)
            inventory.state.withLock { ($0.used, $0.now) = (UsedImages(), epoch + 300) }
            time.advance(by: ImageCollector.period)
            await time.waitForSleeper(until: ImageCollector.period * 2)
            #expect(inventory.state.withLock { $0.images.count } == 1)
            time.advance(by: ImageCollector.period)
            await time.waitForSleeper(until: ImageCollector.period * 3)
        }
        #expect(inventory.state.withLock { $0.images.isEmpty })
    }

    @Test("a node without disk gives up every unused image, and goes on after a failure")
    func reclaim() async throws {
        let inventory = FakeInventory(Self.full())
        let (collector, _) = collector(inventory)
        inventory.state.withLock { $0.stuck = ["old"] }
        #expect(await collector.removeUnused() == false)
        #expect(inventory.state.withLock { $0.images.map(\.image.id) } == ["used", "pinned", "old"])
        inventory.state.withLock { $0.stuck = [] }
        #expect(await collector.removeUnused())
        #expect(inventory.state.withLock { $0.images.map(\.image.id) } == ["used", "pinned"])
        #expect(inventory.calls.entries.contains("leftovers 0"))
    }

    @Test("a pull without room makes the collector go down to the low threshold, least recently used images first, never those in use or pinned")
    func roomForAPull() async throws {
        let inventory = FakeInventory(Self.full(others: 0))
        let (collector, _) = collector(inventory)
        // 20 bytes are free, and 21 are wanted.
        #expect(await collector.makeRoom(free: 21))
        #expect(inventory.state.withLock { $0.images.map(\.image.id) } == ["used", "pinned", "new"])
        // Enough by now: another pull has made the room.
        #expect(await collector.makeRoom(free: 40))
        #expect(inventory.state.withLock { $0.images.count } == 3)
        // More than there is to remove.
        #expect(await collector.makeRoom(free: 90))
        #expect(inventory.state.withLock { $0.images.map(\.image.id) } == ["used", "pinned"])
        #expect(await collector.makeRoom(free: 90) == false)
    }

    @Test("a pull that does not know how much it wants gets something, unless images are never to be removed")
    func roomOfAnySize() async throws {
        let inventory = FakeInventory(Self.full(others: 0))
        let (off, _) = collector(inventory, ImageCollectionPolicy(highThreshold: 100))
        #expect(await off.makeRoom(free: nil) == false)
        let (collector, _) = collector(inventory)
        #expect(await collector.makeRoom(free: nil))
        #expect(inventory.state.withLock { $0.images.map(\.image.id) } == ["used", "pinned", "new"])
        inventory.state.withLock { $0.isBlind = true }
        #expect(await collector.makeRoom(free: nil) == false)
    }

    @Test("while it is unknown what pods use, nothing is removed")
    func blind() async throws {
        var state = Self.full()
        state.isBlind = true
        let inventory = FakeInventory(state)
        let (collector, _) = collector(inventory)
        #expect(await collector.removeUnused() == false)
        #expect(inventory.calls.entries.isEmpty)
    }

    @Test("a dry run names the images and removes none")
    func dryRun() async throws {
        let inventory = FakeInventory(Self.full())
        let (collector, _) = collector(inventory)
        #expect(try await collector.prune(dryRun: true).map(\.id) == ["old", "new"])
        #expect(inventory.calls.entries.isEmpty)
    }
}
