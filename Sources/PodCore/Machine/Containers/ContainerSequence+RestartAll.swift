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

    /// Takes over what an earlier agent has begun: an end after which another container was started has made all of them run again. Ends of containers
    /// that were started before it are over, and so is the initialization.
    mutating func adoptRestartOfAll(_ rules: RestartRules) {
        let counted = records.indices.filter { records[$0].role != .ephemeral }
        let latestStart = counted.compactMap { records[$0].startedAt }.max { $0 < $1 }
        let causes = counted.flatMap { index in [records[index].ended, records[index].last].filter { rules.restartsAll(records[index], by: $0) } }
        guard let latestStart, let cause = causes.compactMap({ $0?.finishedAt }).filter({ $0 < latestStart }).max(by: { $0 < $1 }) else { return }
        for index in counted {
            if rules.restartsAll(records[index]), let end = records[index].ended?.finishedAt, end <= cause {
                records[index].markRestartOfAll()
            } else if records[index].ended != nil, let start = records[index].startedAt, start < cause {
                records[index].forgetCompletion()
            }
        }
        isInitialized = counted.contains { records[$0].role == .regular && records[$0].startedAt.map { $0 > cause } == true }
    }
}

extension ContainerRecord {
    /// When the current container was started.
    fileprivate var startedAt: Timestamp? { running?.startedAt ?? ended?.startedAt }
}
