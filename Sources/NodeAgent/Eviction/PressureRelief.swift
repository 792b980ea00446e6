package import CoreMetrics
import KubeModel
package import Logging
import MetricsStore
package import PodCore
package import Timing

/// Keeps the node from running out of memory, disk and process ids, and pods within the limits of their local storage: looks at the node every ten
/// seconds and whenever programs wait for memory, reports shortages, makes room, and ends one pod at a time where that is not enough.
package actor PressureRelief {
    package struct Parts: Sendable {
        let source: any NodePressureSource
        let pods: any EvictablePods
        let reclaim: any NodeReclaim
        let usage: PodUsageReader
        let board: NodePressureBoard
        let events: EventRecorder
        let metrics: any MetricsFactory

        package init(
            source: any NodePressureSource, pods: any EvictablePods, reclaim: any NodeReclaim, usage: PodUsageReader, board: NodePressureBoard,
            events: EventRecorder, metrics: any MetricsFactory = NOOPMetricsHandler.instance
        ) {
            self.source = source
            self.pods = pods
            self.reclaim = reclaim
            self.usage = usage
            self.board = board
            self.events = events
            self.metrics = metrics
        }
    }

    private static let period = Duration.seconds(10)
    /// How long the node waits for the end of a pod beyond its grace period before it looks for another one.
    private static let patience = Duration.seconds(30)

    let parts: Parts
    let rules: EvictionRules
    private let nodeName: String
    let time: any TimeSource
    let logger: Logger
    private var monitor: PressureMonitor
    var walks = WalkPause()
    /// Pods that did not end in time: they are neither waited for again nor in the way of others.
    private var stuck: Set<String> = []

    package init(_ parts: Parts, rules: EvictionRules, nodeName: String, time: any TimeSource, logger: Logger) {
        self.parts = parts
        self.rules = rules
        self.nodeName = nodeName
        self.time = time
        self.logger = logger
        monitor = PressureMonitor(transitionPeriod: rules.transitionPeriod)
    }

    /// Runs until it is cancelled.
    package func run() async {
        let start = time.now()
        let (turns, turn) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        await withDiscardingTaskGroup { group in
            group.addTask { [parts] in for await _ in parts.source.alarms { turn.yield() } }
            group.addTask { [time] in
                var next = start
                while true {
                    turn.yield()
                    // Looks that are missed, because the machine slept, are not made up for.
                    next = max(next, time.now() - Self.period) + Self.period
                    do { try await time.sleep(until: next) } catch { return }
                }
            }
            for await _ in turns {
                // The end of one pod may not be enough.
                while !Task.isCancelled, await relieve() {}
            }
            group.cancelAll()
        }
    }

    /// Looks once at the node and does what follows from it. Returns whether a pod has been ended.
    private func relieve() async -> Bool {
        let room = await parts.source.observe()
        let now = time.now()
        let thresholds = rules.thresholds(room.layout)
        let finding = monitor.receive(room, thresholds, observedAt: now, at: now)
        note(finding.pressures, room)
        let evicted = await enforceStorageLimits(room.layout)
        if !evicted.isEmpty {
            await awaitEnd(of: evicted, grace: PodEviction.immediateGrace)
            return true
        }
        guard let target = finding.exceeded.first else { return false }
        let resource = target.signal.resource
        logger.notice("The node runs out of a resource", metadata: ["signal": "\(target.signal.rawValue)"])
        parts.events.record(
            PodEventRecord(.warning, "EvictionThresholdMet", "Attempting to reclaim \(resource.rawValue)"), aboutNode: nodeName)
        if await makeRoom(for: target, room.layout, thresholds) { return false }
        return await evictOne(finding.exceeded, room)
    }

    private func note(_ pressures: NodePressures, _ room: NodeRoom) {
        if pressures != parts.board.current {
            logger.notice(
                "The node's shortages have changed",
                metadata: [
                    "present": "\(pressures.present.map(\.rawValue).joined(separator: ", "))", "problems": "\(room.problems.joined(separator: "; "))",
                ])
        }
        parts.board.set(pressures)
    }

    /// Removes what no pod uses. Returns whether that is enough.
    private func makeRoom(for target: EvictionThreshold, _ layout: DiskLayout, _ thresholds: [EvictionThreshold]) async -> Bool {
        let plan = ReclaimPlan(for: target.signal, layout)
        guard !plan.isEmpty else { return false }
        if plan.deadContainers { await parts.reclaim.removeDeadContainers() }
        if plan.unusedImages, await !parts.reclaim.removeUnusedImages() {
            logger.info("Unused images are not removed")
        }
        return PressureMonitor.isRelieved(await parts.source.observe(), thresholds)
    }

    private func evictOne(_ exceeded: [EvictionThreshold], _ room: NodeRoom) async -> Bool {
        guard let target = exceeded.first else { return false }
        let candidates = await candidates { _ in true }
        let usage = await parts.usage.usage(of: candidates, of: target.signal.resource, logger)
        guard
            let choice = EvictionChoice(among: candidates.map(\.pod), usage: usage, exceeded: exceeded, room, rules),
            await evict(choice.pod.uid, choice.eviction)
        else {
            logger.warning("The node runs out of a resource, and no pod may be ended for it", metadata: ["signal": "\(target.signal.rawValue)"])
            return false
        }
        parts.metrics.count(.evictions, target.signal.rawValue)
        await awaitEnd(of: [choice.pod.uid], grace: choice.eviction.graceLimit ?? 0)
        return true
    }

    /// Returns the pods that may be ended and are as wanted, but for those that do not end.
    func candidates(_ isWanted: (Pod) -> Bool) async -> [(pod: Pod, place: PodPlace)] {
        let active = await parts.pods.podsWithPlaces()
        stuck.formIntersection(active.map(\.uid))
        var result: [(pod: Pod, place: PodPlace)] = []
        for pod in active where !pod.isCritical && !stuck.contains(pod.uid) && isWanted(pod) {
            // A pod that is gone meanwhile has no place.
            if let place = await parts.pods.place(of: pod.uid) { result.append((pod, place)) }
        }
        return result
    }

    func evict(_ uid: String, _ eviction: PodEviction) async -> Bool {
        logger.notice("Pod is evicted", metadata: ["uid": "\(uid)", "reason": "\(eviction.message)"])
        return await parts.pods.evict(uid, eviction)
    }

    private func awaitEnd(of uids: Set<String>, grace: Int64) async {
        let deadline = time.now() + .seconds(grace) + Self.patience
        guard await !parts.pods.awaitEnd(of: uids, until: deadline), !Task.isCancelled else { return }
        stuck.formUnion(uids)
        logger.warning("Evicted pods have not ended in time", metadata: ["uids": "\(uids.sorted().joined(separator: ", "))"])
    }
}
