import KubeClient
import KubeModel
import Logging
import MetricsStore
import PodCore
import Timing

extension PodManager {
    func follow(_ snapshots: AsyncStream<[StaticPod]>) async {
        for await snapshot in snapshots {
            await endPredecessors(of: snapshot)
            await take(statics.handOver.receive(snapshot))
            await haveHeard(from: .manifests)
        }
    }

    /// Nothing is left of a pod: another static pod may have waited for it.
    func staticPodGone(_ uid: String) async {
        guard statics.handOver.isStatic(uid) else { return }
        let steps = statics.handOver.gone(uid)
        for case .store(let pod) in steps where pod.uid == uid { runner.metrics.count(.restartedPods, "true") }
        await take(steps)
    }

    private func take(_ steps: [StaticHandOver.Step]) async {
        guard statics.add(steps) else { return }
        while let step = statics.next() {
            switch step {
            case .store(let pod): await store(await withStatusOfMirror(pod))
            case .end(let pod): await end(pod)
            }
        }
        admissionIsDue.yield()
        await mirrors.want(statics.handOver.pods)
    }

    /// An earlier agent has written the status of a pod that goes on to its mirror pod. A static pod that was over is left to its sandbox's records.
    private func withStatusOfMirror(_ pod: Pod) async -> Pod {
        guard workers[pod.uid] == nil, let status = await mirrors.mirror(of: pod)?.status, status.phase?.isTerminal != true else { return pod }
        var pod = pod
        pod.status = status
        return pod
    }

    /// Ends a pod whose manifest is gone, with the grace that a deletion in the API would give it.
    private func end(_ pod: Pod) async {
        guard let worker = workers[pod.uid] else { return }
        logger.info("A static pod ends", metadata: ["pod": "\(pod.key)", "uid": "\(pod.uid)"])
        var deleted = pod
        deleted.metadata.deletionTimestamp = time.wallTime().wholeSeconds
        deleted.metadata.deletionGracePeriodSeconds = pod.spec.terminationGracePeriodSeconds
        await worker.handle(.updated(deleted))
        await worker.handle(.removed)
    }

    /// A mirror pod never runs: it shows a static pod.
    func applyMirror(_ change: ObjectChange<Pod>) async {
        let mirror = change.object
        if let earlier = uids.removeValue(forKey: mirror.key) { await remove(uid: earlier) }
        await mirrors.receive(change)
        switch change {
        case .deleted: statuses.forget(podUID: mirror.uid)
        case .stored:
            guard let uid = mirror.mirroredUID, statics.handOver.isStatic(uid) else { return }
            await workers[uid]?.shown(in: mirror)
        }
    }
}
