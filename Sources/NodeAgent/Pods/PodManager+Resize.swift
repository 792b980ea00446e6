import KubeModel
import PodCore

extension PodManager {
    /// Looks for room for a pod with other resources, beside all other pods, and promises it the room.
    func review(_ desired: Pod, allocated: Pod) -> ResizeVerdict {
        let context = runner.context()
        var others = occupants()
        others.remove(desired.uid)
        let review = RoomReview(allocatable: context.allocatable, others: others, rules: context.resources)
        let verdict = resizes.isOpen ? review.verdict(desired: desired, allocated: allocated) : .unknown
        if verdict == .fits { activePods.promise(desired) }
        resizes.note(verdict, for: desired.uid)
        return verdict
    }

    /// Has the waiting resizes reviewed again, one after the other in their order.
    func reviewWaitingResizes() async {
        var ranked: [(rank: ResizeRank, worker: PodWorker)] = []
        for (uid, worker) in workers where resizes.contains(uid) {
            if let rank = await worker.state.resizeRank { ranked.append((rank, worker)) }
        }
        for (_, worker) in ranked.sorted(by: { $0.rank < $1.rank }) { await worker.roomFreed() }
    }
}
