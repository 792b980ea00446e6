import KubeClient
package import KubeModel
package import Logging
package import PodCore
import Synchronization
package import Timing

/// Writes pod statuses to the API server: one call at a time for each pod, pods in parallel. ``StatusQueue`` decides which and when.
package final class StatusWriter: Sendable {
    private struct Entry {
        let pod: PodIdentity
        var queue = StatusQueue()
        /// The pod was deleted while its status was being written.
        var isForgotten = false
    }

    private let api: any PodStatusAPI
    private let time: any TimeSource
    private let logger: Logger
    private let tasks = OwnedTasks()
    private let wakes: WakeQueue<String>
    /// By uid, from a pod's first status until the pod is gone from the API.
    private let entries = Mutex<[String: Entry]>([:])

    package init(api: any PodStatusAPI, time: any TimeSource, logger: Logger) {
        self.api = api
        self.time = time
        self.logger = logger
        wakes = WakeQueue(time: time)
    }

    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.tasks.run() }
            await wakes.run { self.writeNext($0) }
            group.cancelAll()
        }
    }

    /// Queues the newest status.
    /// - Parameters:
    ///   - deletes: the API object is to be deleted after this status is written.
    ///   - isForced: the phase was set by another client and must not go back: earlier statuses are not written any more.
    package func submit(_ status: PodStatus, of pod: PodIdentity, deletes: Bool, isForced: Bool = false) {
        let now = time.now()
        entries.withLock { $0[pod.uid, default: Entry(pod: pod)].queue.add(status, deletes: deletes, isForced: isForced, at: now) }
        writeNext(pod.uid)
    }

    /// Has a pod's status written again if another client has changed it in the API.
    /// - Parameters:
    ///   - shown: what the API has instead of `status`.
    ///   - version: of the pod in the API, with `shown`.
    package func restore(_ status: PodStatus, of pod: PodIdentity, insteadOf shown: PodStatus, version: ObjectVersion) {
        entries.withLock { $0[pod.uid, default: Entry(pod: pod)].queue.see(shown, version: version, insteadOf: status) }
        writeNext(pod.uid)
    }

    /// Drops the statuses of a pod that is gone from the API.
    package func forget(podUID: String) {
        wakes.set(podUID, at: nil)
        entries.withLock { entries in
            entries[podUID]?.queue.clear()
            entries[podUID]?.isForgotten = true
            if entries[podUID]?.queue.isIdle == true { entries.removeWithRoom(podUID) }
        }
    }

    private func writeNext(_ uid: String) {
        let now = time.now()
        let next = entries.withLock { entries -> (step: StatusQueue.Step, pod: PodIdentity)? in
            guard let step = entries[uid]?.queue.next(at: now), let pod = entries[uid]?.pod else { return nil }
            return (step, pod)
        }
        switch next?.step {
        case .write(let report, let patches): if let pod = next?.pod { tasks.start { await self.write(report, patches: patches, of: pod) } }
        case .wait(let due): wakes.set(uid, at: due)
        case .none?, nil: break
        }
    }

    private func write(_ report: StatusReport, patches: Bool, of pod: PodIdentity) async {
        let key = ObjectKey(namespace: pod.namespace, name: pod.name)
        var isGone = false
        do {
            if patches {
                let version = try await api.patchStatus(of: key, try PodStatusPatch.patch(report.status, uid: pod.uid))
                change(pod) { $0.accept(version: version) }
            }
            if report.deletes { try await api.deletePod(key, uid: pod.uid) }
        } catch let error as APIError where error.makesStatusPointless {
            isGone = !error.isInvalid
            if error.isInvalid {
                logger.error(
                    "API server rejects a pod's status as invalid; the status is dropped",
                    metadata: ["pod": "\(pod)", "phase": "\(report.status.phase?.rawValue ?? "")", "error": "\(error)"])
            }
        } catch is CancellationError {
            return
        } catch {
            return retry(report, of: pod, error)
        }
        change(pod) { $0.finish() }
        entries.withLock { entries in
            guard let entry = entries[pod.uid], entry.queue.isIdle, entry.isForgotten || isGone else { return }
            entries.removeWithRoom(pod.uid)
        }
        writeNext(pod.uid)
    }

    private func retry(_ report: StatusReport, of pod: PodIdentity, _ error: any Error) {
        let now = time.now()
        let failures = entries.withLock { entries -> Int? in
            entries[pod.uid]?.queue.fail(at: now)
            if entries[pod.uid]?.isForgotten == true { entries.removeWithRoom(pod.uid) }
            return entries[pod.uid]?.queue.failures
        }
        guard let failures else { return }
        defer { writeNext(pod.uid) }
        // The first tries and then fewer and fewer: the API server may be away for days.
        guard failures & (failures - 1) == 0 else { return }
        logger.error(
            "Status of a pod could not be written; trying again",
            metadata: ["pod": "\(pod)", "phase": "\(report.status.phase?.rawValue ?? "")", "tries": "\(failures)", "error": "\(error)"])
    }

    private func change(_ pod: PodIdentity, _ change: (inout StatusQueue) -> Void) {
        entries.withLock { entries in
            guard var entry = entries.removeValue(forKey: pod.uid) else { return }
            change(&entry.queue)
            entries[pod.uid] = entry
        }
    }
}
