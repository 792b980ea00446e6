package import CoreMetrics
import KubeModel
package import Logging
import MetricsStore
package import PodCore
package import Timing

/// Removes images that no container uses: every five minutes when the disk is fuller than the high threshold, and whenever the node runs out of disk.
package actor ImageCollector: ImageRoom {
    package static let period = Duration.seconds(300)

    private let images: any ImageInventory
    private let users: any ImageUsers
    private let events: EventRecorder
    private let policy: ImageCollectionPolicy
    private let nodeName: String
    private let metrics: any MetricsFactory
    private let time: any TimeSource
    private let logger: Logger
    private let began: Duration
    private var hasFailed = false
    /// The images in use when it was noted last.
    private var noted: Set<String> = []

    package init(
        images: any ImageInventory, users: any ImageUsers, events: EventRecorder, policy: ImageCollectionPolicy, nodeName: String,
        metrics: any MetricsFactory = NOOPMetricsHandler.instance, time: any TimeSource, logger: Logger
    ) {
        self.images = images
        self.users = users
        self.events = events
        self.policy = policy
        self.nodeName = nodeName
        self.metrics = metrics
        self.time = time
        self.logger = logger
        began = time.now()
    }

    /// Runs until it is cancelled. Without thresholds and a maximum age it only waits, as in kubelet.
    package func run() async {
        let isOff = policy.highThreshold == 100 && policy.maximumAge == .zero
        while isOff, !Task.isCancelled { try? await time.sleep(for: Self.period) }
        while !Task.isCancelled {
            await look()
            do { try await time.sleep(for: Self.period) } catch { return }
        }
    }

    /// Looks once, and reports a failure that is not the first in a row, as kubelet does.
    private func look() async {
        do throws(ImageFailure) {
            try await collect()
            hasFailed = false
        } catch {
            logger.error("Images could not be collected", metadata: ["error": "\(error)"])
            if hasFailed { report("ImageGCFailed", error.message) }
            hasFailed = true
        }
    }

    private func collect() async throws(ImageFailure) {
        let used = try await users.usedImages()
        let plan = await plan(used)
        let kept = plan.directories
        _ = try await remove(
            plan.tooOld(policy, now: time.wallTime().seconds, running: time.now() - began), upTo: .max, keeping: kept, because: "age")
        let space = try await images.space()
        guard space.capacity > 0 else {
            report("InvalidDiskCapacity", "invalid capacity 0 on image filesystem")
            throw ImageFailure(.storeFailed, "invalid capacity 0 on image filesystem")
        }
        guard let wanted = policy.bytesToFree(space) else { return }
        logger.notice(
            "The images' disk is fuller than the high threshold", metadata: ["used": "\(policy.usedPercent(space))%", "toFree": "\(wanted)"])
        let freed = try await free(wanted, used: used, keeping: kept, because: "space")
        guard freed < wanted else { return }
        let message =
            "Insufficient free disk space on the node's image filesystem (\(policy.usedPercent(space))% of \(ByteText.of(space.capacity)) used). "
            + "Failed to free sufficient space by deleting unused images (freed \(freed) bytes). "
            + "Investigate disk usage, as it could be used by active images, logs, volumes, or other data."
        report("FreeDiskSpaceFailed", message)
        throw ImageFailure(.storeFailed, message)
    }

    /// Notes the use of images that have come into use or gone out of it, so that nothing is written on a node where nothing happens. The plan knows it.
    private func plan(_ used: UsedImages) async -> ImageCollectionPlan {
        let plan = ImageCollectionPlan(await images.storedImages(), used: used)
        let changed = plan.used.symmetricDifference(noted)
        noted = plan.used
        guard !changed.isEmpty else { return plan }
        await images.noteUse(of: changed)
        return ImageCollectionPlan(await images.storedImages(), used: used)
    }

    /// Removes what is left of pulls and then images, least recently used first. Returns the bytes freed, which may be too few.
    private func free(_ wanted: Int64, used: UsedImages, keeping kept: Set<String>, because reason: String) async throws(ImageFailure) -> Int64 {
        let leftovers = try await images.removeLeftovers(olderThan: ImageCollectionPolicy.downloadAge, keeping: kept)
        guard leftovers < wanted else { return leftovers }
        // Images that were too old are gone by now.
        let left = ImageCollectionPlan(await images.storedImages(), used: used)
        return leftovers + (try await remove(left.forRoom(policy), upTo: wanted - leftovers, keeping: kept, because: reason))
    }

    package func makeRoom(free: Int64?) async -> Bool {
        do throws(ImageFailure) {
            guard let wanted = policy.bytesToFree(try await images.space(), forPull: free) else { return false }
            guard wanted > 0 else { return true }
            let used = try await users.usedImages()
            let plan = await plan(used)
            logger.notice("A pull finds too little room; unused images are removed", metadata: ["toFree": "\(wanted)"])
            return try await self.free(wanted, used: used, keeping: plan.directories, because: "a pull") > 0
        } catch {
            logger.error("Images could not be removed for a pull", metadata: ["error": "\(error)"])
            return false
        }
    }

    /// Removes every image that no container uses. Returns whether that could be done.
    package func removeUnused() async -> Bool {
        logger.notice("Unused images are removed")
        do throws(ImageFailure) {
            _ = try await prune(dryRun: false)
            return true
        } catch {
            logger.error("Unused images could not be removed", metadata: ["error": "\(error)"])
            return false
        }
    }

    /// Removes every image that no container uses, and what is left of pulls, or names them alone. Returns the images with the bytes of each.
    package func prune(dryRun: Bool) async throws(ImageFailure) -> [RemovedImage] {
        let used = try await users.usedImages()
        let plan = ImageCollectionPlan(await images.storedImages(), used: used)
        let candidates = plan.forRoom(policy)
        if dryRun { return candidates.map { RemovedImage($0, bytes: $0.ownBytes) } }
        let kept = plan.directories
        let (removed, failures) = await removeEach(candidates, keeping: kept)
        metrics.count(.imageGarbageCollected, "space", by: removed.count)
        _ = try await images.removeLeftovers(olderThan: .zero, keeping: kept)
        guard failures.isEmpty else { throw ImageFailure(.storeFailed, failures.joined(separator: "; ")) }
        return removed
    }

    /// Removes images until so many bytes are free, and throws the failures at the end.
    private func remove(
        _ candidates: [StoredImage], upTo wanted: Int64, keeping kept: Set<String>, because reason: String
    ) async throws(ImageFailure) -> Int64 {
        let (removed, failures) = await removeEach(candidates, upTo: wanted, keeping: kept) { [logger] candidate, bytes in
            logger.notice(
                "Image is removed",
                metadata: ["image": "\(candidate.image.names.first ?? candidate.image.id)", "bytes": "\(bytes)", "reason": "\(reason)"])
        }
        // kubelet knows two reasons; it removes no images for a pull.
        metrics.count(.imageGarbageCollected, reason == "age" ? "age" : "space", by: removed.count)
        let freed = removed.reduce(0) { $0 + $1.bytes }
        guard failures.isEmpty else {
            throw ImageFailure(
                .storeFailed,
                "wanted to free images for \(reason), freed \(freed) bytes space with errors in image deletion: \(failures.joined(separator: "; "))")
        }
        return freed
    }

    /// Removes images one after the other until so many bytes are free. Goes on after a failure.
    private func removeEach(
        _ candidates: [StoredImage], upTo wanted: Int64 = .max, keeping kept: Set<String>, note: (StoredImage, Int64) -> Void = { _, _ in }
    ) async -> (removed: [RemovedImage], failures: [String]) {
        var removed: [RemovedImage] = []
        var failures: [String] = []
        var freed: Int64 = 0
        for candidate in candidates where freed < wanted {
            do throws(ImageFailure) {
                guard let bytes = try await images.removeImage(candidate.image.id, unusedFor: policy.minimumAge, keeping: kept) else { continue }
                freed += bytes
                removed.append(RemovedImage(candidate, bytes: bytes))
                note(candidate, bytes)
            } catch {
                failures.append(error.message)
            }
        }
        return (removed, failures)
    }

    private func report(_ reason: String, _ message: String) {
        events.record(PodEventRecord(.warning, reason, message), aboutNode: nodeName)
    }
}
