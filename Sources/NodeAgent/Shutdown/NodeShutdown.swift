import KubeModel
package import Logging
package import PodCore
package import Timing

/// Ends the node's pods in order when the machine shuts down, and delays the shutdown until they have ended or their time is over.
///
/// From the announcement on the node is not ready and takes no pods. What has ended stays ended: its pods have failed with reason Terminated.
package actor NodeShutdown {
    private static let eviction = (reason: "Terminated", message: "Pod was terminated in response to imminent node shutdown.")
    /// How long the service manager is left alone after it could not be reached.
    private static let pause = Duration.seconds(1)

    private let plan: ShutdownPlan
    private let delay: any ShutdownDelay
    private let pods: any EvictablePods
    private let readiness: NodeReadiness
    private let events: EventRecorder
    private let nodeName: String
    private let time: any TimeSource
    private let logger: Logger
    private var problem: String?

    package init(
        plan: ShutdownPlan, delay: any ShutdownDelay, pods: any EvictablePods, readiness: NodeReadiness, events: EventRecorder, nodeName: String,
        time: any TimeSource, logger: Logger
    ) {
        self.plan = plan
        self.delay = delay
        self.pods = pods
        self.readiness = readiness
        self.events = events
        self.nodeName = nodeName
        self.time = time
        self.logger = logger
    }

    /// Follows the service manager until the task is cancelled. Returns at once where no pod gets any time.
    package func run() async {
        guard !plan.isEmpty else { return }
        while !Task.isCancelled {
            do {
                try await delay.follow(longest: plan.total) { [self] in await receive($0) }
                note(nil)
            } catch is CancellationError {
                return
            } catch {
                note("\(error)")
            }
            do { try await time.sleep(for: Self.pause) } catch { return }
        }
    }

    /// The same problem is logged once.
    private func note(_ found: String?) {
        if let found, found != problem {
            logger.error(
                "A shutdown of the machine cannot be delayed: pods would be killed without their grace period; trying again",
                metadata: ["error": "\(found)"])
        }
        problem = found
    }

    private func receive(_ announcement: ShutdownAnnouncement) async {
        record("Shutdown manager detected shutdown \(announcement.begins ? "event" : "cancellation")")
        logger.notice(
            announcement.begins ? "The machine shuts down; pods are ended" : "The machine does not shut down after all; pods are taken again",
            metadata: ["node": "\(nodeName)"])
        readiness.report(shutdown: announcement.begins)
        guard announcement.begins else { return }
        for group in plan.groups(of: await pods.podsWithPlaces()) { await end(group) }
        logger.notice("Pods have ended, or their time is over; the shutdown goes on")
        await announcement.giveBack()
    }

    private func end(_ group: ShutdownPlan.Group) async {
        let eviction = PodEviction(
            reason: Self.eviction.reason, message: Self.eviction.message, conditionMessage: Self.eviction.message, graceLimit: group.seconds,
            isAnnounced: false)
        let deadline = time.now() + .seconds(group.seconds)
        for pod in group.pods { _ = await pods.evict(pod.uid, eviction) }
        guard await !pods.awaitEnd(of: Set(group.pods.map(\.uid)), until: deadline) else { return }
        logger.warning("Pods have not ended before the shutdown goes on", metadata: ["seconds": "\(group.seconds)"])
    }

    private func record(_ message: String) {
        events.record(PodEventRecord(.normal, "Shutdown", message), aboutNode: nodeName)
    }
}
