import KubeModel
import Timing

/// One pod's statuses on their way to the API server, as a value: what is written next, and when.
///
/// A status that differs from the written one only in parts that no client waits for stays here for `joinDelay`, so that the next change
/// joins it in one call. So does the first status of a pod, which says no more than that its containers are being created: most of them run
/// before the call would be over. Any other status is skipped only when the statuses before and after it show each of its milestones.
struct StatusQueue: Sendable {
    enum Step: Sendable {
        /// Without `patches`, the API server has this status already, and only the deletion is left.
        case write(StatusReport, patches: Bool)
        case wait(until: Duration)
        case none
    }

    /// Long enough for a pod to obey SIGTERM, so that its deletion's new generation is written with its end.
    static let joinDelay = Duration.milliseconds(250)
    /// When more wait, because writing fails, the latest replaces the one before.
    private static let capacity = 8

    /// Failures in a row after which the API server counts as away. Its clients have lost it too and miss nothing of a past that is left out: when
    /// it comes back, each pod is reported once.
    private static let outage = 3

    /// Between two corrections of what another client has written: two writers that disagree cost a call in this time, as with kubelet.
    static let correctionPause = Duration.seconds(10)

    /// The pod in the API with a status that is not the node's.
    private struct Sighting {
        let shown: PodStatus
        let version: ObjectVersion
        let wanted: PodStatus
    }

    /// The status that the API server has accepted last.
    private var accepted: StatusReport?
    /// Of the pod in the API with that status.
    private var acceptedVersion: ObjectVersion?
    /// Judged once nothing is on its way.
    private var sighting: Sighting?
    private var lastCorrection: Duration?
    private var underWay: StatusReport?
    private(set) var waiting: [StatusReport] = []
    /// The end of the pause after a failure.
    private var pausedUntil = Duration.zero
    private var backOff = BackOff(initial: .milliseconds(500), maximum: .seconds(10))
    /// Failed writes in a row.
    private(set) var failures = 0

    var isIdle: Bool { underWay == nil && waiting.isEmpty }

    /// - Parameter isForced: the phase was set by another client and must not go back: earlier statuses are not written any more.
    mutating func add(_ status: PodStatus, deletes: Bool, isForced: Bool = false, at now: Duration) {
        var report = StatusReport(status: status, deletes: deletes, isForced: isForced, since: now)
        if isForced {
            report.deletes = deletes || waiting.contains(where: \.deletes)
            waiting = []
        }
        waiting.removeAll { $0.notBefore != nil }
        while let last = waiting.last {
            let before = waiting.dropLast().last ?? underWay ?? accepted
            guard
                waiting.count >= Self.capacity || before == nil && last.status.isBeginning && now < last.since + Self.joinDelay
                    || last.milestones.areShown(by: before?.milestones, and: report.milestones)
            else { break }
            report.deletes = report.deletes || last.deletes
            report.since = last.since
            waiting.removeLast()
        }
        waiting.append(report)
        leaveOutPast()
    }

    /// Returns the next step. A write that is returned has begun, and ends with ``finish()`` or ``fail(at:)``.
    mutating func next(at now: Duration) -> Step {
        guard underWay == nil else { return .none }
        correct(at: now)
        while let report = waiting.first {
            let patches = report.status != accepted?.status
            if patches || report.deletes {
                let due = max(pausedUntil, report.notBefore ?? .zero, mayWait(report) ? report.since + Self.joinDelay : .zero)
                guard due <= now else { return .wait(until: due) }
                underWay = waiting.removeFirst()
                return .write(report, patches: patches)
            }
            waiting.removeFirst()
        }
        return .none
    }

    /// Notes that the API server has the status of the write under way.
    mutating func accept(version: ObjectVersion?) {
        accepted = underWay
        acceptedVersion = version ?? acceptedVersion
    }

    /// Notes what the API shows instead of the node's latest status.
    mutating func see(_ shown: PodStatus, version: ObjectVersion, insteadOf wanted: PodStatus) {
        sighting = Sighting(shown: shown, version: version, wanted: wanted)
    }

    /// Another client has written a status that is newer than the node's last write. An older one is the node's own, which the watch has told late.
    private mutating func correct(at now: Duration) {
        guard waiting.isEmpty, let found = sighting else { return }
        sighting = nil
        if let acceptedVersion, found.version <= acceptedVersion { return }
        accepted = StatusReport(status: found.shown, deletes: false, since: now)
        let due = lastCorrection.map { $0 + Self.correctionPause } ?? .zero
        lastCorrection = max(now, due)
        waiting = [StatusReport(status: found.wanted, deletes: false, since: now, notBefore: due)]
    }

    mutating func finish() {
        underWay = nil
        failures = 0
        backOff.reset()
        pausedUntil = .zero
    }

    /// Puts the write under way back, unless a later status shows as much.
    mutating func fail(at now: Duration) {
        guard let report = underWay else { return }
        underWay = nil
        failures += 1
        pausedUntil = now + backOff.next()
        if let next = waiting.first, next.isForced || report.milestones.areShown(by: accepted?.milestones, and: next.milestones) {
            waiting[0].deletes = next.deletes || report.deletes
        } else {
            waiting.insert(report, at: 0)
        }
        leaveOutPast()
    }

    private mutating func leaveOutPast() {
        guard failures >= Self.outage, waiting.count > 1, var latest = waiting.last else { return }
        latest.deletes = waiting.contains(where: \.deletes)
        latest.isForced = waiting.contains(where: \.isForced)
        waiting = [latest]
    }

    /// Drops the waiting statuses.
    mutating func clear() {
        waiting = []
        sighting = nil
    }

    private func mayWait(_ report: StatusReport) -> Bool {
        guard !report.deletes, waiting.count == 1 else { return false }
        return accepted.map { report.milestones == $0.milestones } ?? report.status.isBeginning
    }
}
