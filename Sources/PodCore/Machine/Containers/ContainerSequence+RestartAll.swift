import KubeModel
import Timing

extension ContainerSequence {
    /// Ends all containers but ephemeral ones, as kubelet does for `RestartAllContainers`: at once, without hooks, SIGKILL two seconds after SIGTERM.
    /// When none is left, the pod begins with the first init container again, in the same sandbox.
    /// - Returns: whether it begins now.
    mutating func beginWithAll(in place: ContainerPlace, _ rules: RestartRules, at now: Duration, into decision: inout Decision) -> Bool {
        let counted = records.indices.filter { records[$0].role != .ephemeral }
        for index in counted {
            records[index].decideStop(.restartAll, in: place, deadline: now, hasTime: false, isTurn: true, at: now, into: &decision)
            records[index].probe(sandboxID: place.sandboxID, podEnds: false, at: now, into: &decision)
        }
        guard !counted.contains(where: { records[$0].isAlive }) else { return false }
        isInitialized = false
        for index in counted { records[index].beginWithAll(isCause: rules.restartsAll(records[index]), in: place, into: &decision) }
        return true
    }

    /// Of an earlier agent's containers: an end after which another container was started has had its restart of all.
    mutating func markRestartsOfAll() {
        let latestStart = records.filter { $0.role != .ephemeral }.compactMap { $0.running?.startedAt ?? $0.ended?.startedAt }.max { $0 < $1 }
        guard let latestStart else { return }
        for index in records.indices {
            if let finishedAt = records[index].ended?.finishedAt, finishedAt < latestStart { records[index].markRestartOfAll() }
        }
    }
}
