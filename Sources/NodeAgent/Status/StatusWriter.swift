package import KubeClient
package import KubeModel
package import Logging
package import PodCore
import Synchronization
package import Timing

/// Writes pod statuses to the API server: one call at a time for each pod, pods in parallel. Of several waiting statuses of one pod with an equal
/// phase and equal container states only the newest is written. Clients wait for such states, so none of them is skipped
/// unless more than `longestQueue` wait.
package final class StatusWriter: Sendable {
    private struct Entry {
        let pod: PodIdentity
        var waiting: [StatusReport] = []
        var isWriting = false
        /// Failed writes in a row.
        var failures = 0
        var backOff = BackOff(initial: .milliseconds(500), maximum: .seconds(10))
        /// The pod was deleted while its status was being written.
        var isForgotten = false
    }

    private static let longestQueue = 8

    private let api: any PodStatusAPI
    private let time: any TimeSource
    private let logger: Logger
    private let tasks = OwnedTasks()
    private let entries = Mutex<[String: Entry]>([:])

    package init(api: any PodStatusAPI, time: any TimeSource, logger: Logger) {
        self.api = api
        self.time = time
        self.logger = logger
    }

    package func run() async {
        await tasks.run()
    }

    /// Queues the newest status. `deletes` asks for the deletion of the API object after this status is written.
    package func submit(_ status: PodStatus, of pod: PodIdentity, deletes: Bool) {
        entries.withLock { entries in
            var entry = entries[pod.uid] ?? Entry(pod: pod)
            var report = StatusReport(status: status, deletes: deletes)
            if let last = entry.waiting.last, last.isSuperseded(by: report) || entry.waiting.count >= Self.longestQueue {
                report.deletes = deletes || last.deletes
                entry.waiting.removeLast()
            }
            entry.waiting.append(report)
            entries[pod.uid] = entry
        }
        writeNext(pod.uid)
    }

    /// Drops the statuses of a pod that is gone from the API.
    package func forget(podUID: String) {
        entries.withLock { entries in
            entries[podUID]?.waiting = []
            entries[podUID]?.isForgotten = true
            if entries[podUID]?.isWriting != true { entries[podUID] = nil }
        }
    }

    private func writeNext(_ uid: String) {
        let next: (StatusReport, PodIdentity)? = entries.withLock { entries in
            guard var entry = entries[uid], !entry.isWriting else { return nil }
            guard !entry.waiting.isEmpty else {
                entries[uid] = nil
                return nil
            }
            let report = entry.waiting.removeFirst()
            entry.isWriting = true
            entries[uid] = entry
            return (report, entry.pod)
        }
        guard let (report, pod) = next else { return }
        tasks.start { [self] in await write(report, of: pod) }
    }

    private func write(_ report: StatusReport, of pod: PodIdentity) async {
        let key = ObjectKey(namespace: pod.namespace, name: pod.name)
        do {
            try await api.patchStatus(of: key, try PodStatusPatch.patch(report.status, uid: pod.uid))
            if report.deletes { try await api.deletePod(key, uid: pod.uid) }
        } catch let error as APIError where error.makesStatusPointless {
            if error.isInvalid {
                logger.error(
                    "API server rejects a pod's status as invalid; the status is dropped",
                    metadata: ["pod": "\(pod)", "phase": "\(report.status.phase?.rawValue ?? "")", "error": "\(error)"])
            }
        } catch is CancellationError {
            return
        } catch {
            guard await waitAfterFailure(report, of: pod, error) else { return }
            return retry(report, of: pod)
        }
        entries.withLock { entries in
            entries[pod.uid]?.isWriting = false
            entries[pod.uid]?.failures = 0
            entries[pod.uid]?.backOff.reset()
        }
        writeNext(pod.uid)
    }

    /// Returns false when the agent is stopping.
    private func waitAfterFailure(_ report: StatusReport, of pod: PodIdentity, _ error: any Error) async -> Bool {
        let (failures, pause) = entries.withLock { entries in
            var entry = entries[pod.uid] ?? Entry(pod: pod)
            entry.failures += 1
            let pause = entry.backOff.next()
            if entries[pod.uid] != nil { entries[pod.uid] = entry }
            return (entry.failures, pause)
        }
        logger.error(
            "Status of a pod could not be written; trying again",
            metadata: ["pod": "\(pod)", "phase": "\(report.status.phase?.rawValue ?? "")", "tries": "\(failures)", "error": "\(error)"])
        do { try await time.sleep(for: pause) } catch { return false }
        return true
    }

    private func retry(_ report: StatusReport, of pod: PodIdentity) {
        entries.withLock { entries in
            guard var entry = entries[pod.uid] else { return }
            if let next = entry.waiting.first, report.isSuperseded(by: next) {
                entry.waiting[0].deletes = next.deletes || report.deletes
            } else if !entry.isForgotten {
                entry.waiting.insert(report, at: 0)
            }
            entry.isWriting = false
            entries[pod.uid] = entry
        }
        writeNext(pod.uid)
    }
}
