import KubeModel
import Timing

/// The end of the time that a pod may take (`spec.activeDeadlineSeconds`), counted from `status.startTime`, the agent's own absence included.
struct ActiveDeadline: Sendable {
    let time: Timestamp

    /// `nil` for a pod without a limit.
    init?(_ spec: PodSpec, startTime: Timestamp) {
        guard let seconds = spec.activeDeadlineSeconds else { return nil }
        time = startTime.advanced(bySeconds: seconds)
    }

    /// How long the pod may still take: `nil` when its time is over.
    func left(at now: Timestamp) -> Duration? {
        let seconds = time.seconds - now.seconds
        return seconds > 0 ? .seconds(seconds) : nil
    }

    static let verdict = PodVerdict(
        reason: "DeadlineExceeded", message: "Pod was active on the node longer than the specified deadline", phase: .failed)
}
