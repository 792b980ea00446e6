/// Where a container is in its life.
///
/// When the pod's sandbox is replaced, an init container forgets its end and keeps its step; every other end stays.
package enum ContainerStep: Sendable, Hashable {
    /// Waits for its turn. The first state; entered again from `running` and `stopping` by an exit. Leads to `ensuringImage`, or to `pausing` while
    /// the restart back-off lasts.
    case idle(Shown)
    /// Waits for the next try. Entered from `ensuringImage` and `starting` by a failure, from `idle` by the restart back-off. Leads to
    /// `ensuringImage`.
    case pausing(Shown, Pause)
    /// The result of the look for the image is missing. Leads to `imageReady`, or by a failure to `pausing`.
    case ensuringImage(Shown)
    /// The next decision starts the container. Leads to `starting`.
    case imageReady(Shown, ImageDescription)
    /// The result of the start is missing. Leads to `running`, by a failure to `pausing`, and to `idle` when the sandbox has ended meanwhile.
    case starting(Shown, restartCount: Int)
    /// Its program runs, and perhaps its `postStart` hook. Entered from `starting`, or from an earlier agent's container. Leads to `stopping`, or by
    /// its exit to `idle`.
    case running(RunningContainer)
    /// Its end was asked for. Entered from `running`. Leads to `idle` by its exit, or to `pausing` where the end follows from a failed start.
    case stopping(RunningContainer, ContainerStop)

    /// The status of a container that does not run.
    package struct Shown: Sendable, Hashable {
        /// How it ended in this sandbox, or as a regular container in an earlier one.
        package var end: EndedContainer?
        /// A waiting reason that stands for the end, which is then `lastState`.
        package var waiting: Waiting?
        /// The agent ended it to run it again: it does, whatever the restart policy makes of its exit code.
        package var replaced: ShownContainer?
        /// The restart back-off has been looked at, and does not hold the next start.
        package var startsAtOnce: Bool
        /// This end has made all containers of the pod run again (`RestartAllContainers`): it does so once.
        package var hasRestartedAll = false

        init(end: EndedContainer? = nil, waiting: Waiting? = nil, replaced: ShownContainer? = nil, startsAtOnce: Bool = false) {
            self.end = end
            self.waiting = waiting
            self.replaced = replaced
            self.startsAtOnce = startsAtOnce
        }

        func waiting(_ reason: WaitingReason, _ message: String?) -> Shown {
            var shown = self
            shown.waiting = Waiting(reason, message)
            return shown
        }
    }

    package struct Waiting: Sendable, Hashable {
        package let reason: WaitingReason
        package let message: String?

        init(_ reason: WaitingReason, _ message: String?) {
            self.reason = reason
            self.message = message
        }
    }

    package enum Pause: Sendable, Hashable {
        /// The image, or one that the container mounts, could not be pulled. The reason is shown until `noticeAt`, then `ImagePullBackOff`. Leads to `retry`.
        case pull(image: String, until: Duration, noticeAt: Duration, error: String)
        /// Another step failed, or the back-off of the pull is shown already.
        case retry(until: Duration)
        /// The program could not be executed. The restart back-off lasts; its reason is shown from `noticeAt` on. Leads to `restart`.
        case start(noticeAt: Duration)
        /// The restart back-off lasts, and `CrashLoopBackOff` is shown.
        case restart
    }
}
