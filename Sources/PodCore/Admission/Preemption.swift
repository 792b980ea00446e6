import KubeModel

/// The choice of the pods that make room for a critical pod (kubelet's `preemption`).
///
/// Few pods, best-effort ones before burstable ones before guaranteed ones, and small requests before large ones.
struct Preemption {
    private struct Candidate {
        let pod: Pod
        let amounts: ResourceAmounts
    }

    private let preemptor: Pod
    private let shortfall: ResourceShortfall

    init(for preemptor: Pod, lacking shortages: [InsufficientResource]) {
        self.preemptor = preemptor
        shortfall = ResourceShortfall(shortages)
    }

    /// Returns the amounts that stay missing when every pod that may be ended has ended; empty if there are victims.
    func unattainable(among pods: [Pod]) -> ResourceShortfall { rest(without: candidates(pods)) }

    /// Returns pods of which all are needed, the least protected first; `nil` if even all pods that may be ended would not be enough.
    func victims(among pods: [Pod]) -> [Pod]? {
        let candidates = candidates(pods)
        guard rest(without: candidates).isEmpty else { return nil }
        func ofClass(_ qosClass: QoSClass) -> [Candidate] { candidates.filter { $0.pod.spec.qosClass == qosClass } }
        let (bestEffort, burstable) = (ofClass(.bestEffort), ofClass(.burstable))
        // Of each class only what all pods of the lower ones would leave missing.
        let fromGuaranteed = nearest(in: ofClass(.guaranteed), to: rest(without: bestEffort + burstable))
        let fromBurstable = nearest(in: burstable, to: rest(without: bestEffort + fromGuaranteed))
        let fromBestEffort = nearest(in: bestEffort, to: rest(without: fromBurstable + fromGuaranteed))
        return needed(fromGuaranteed + fromBurstable + fromBestEffort).reversed().map(\.pod)
    }

    /// Oldest first: of equal pods the youngest is ended.
    private func candidates(_ pods: [Pod]) -> [Candidate] {
        pods.filter(preemptor.mayPreempt).sorted(by: Pod.isAdmittedBefore).map { Candidate(pod: $0, amounts: ResourceAmounts(requestedBy: $0)) }
    }

    private func rest(without candidates: [Candidate]) -> ResourceShortfall {
        shortfall.reduced(by: candidates.map(\.amounts))
    }

    /// Takes the pod that covers most until nothing is missing.
    private func nearest(in candidates: [Candidate], to shortfall: ResourceShortfall) -> [Candidate] {
        var (pool, rest, chosen) = (candidates, shortfall, [Candidate]())
        while !rest.isEmpty, var best = pool.indices.first {
            var bestDistance = rest.distance(after: pool[best].amounts)
            for index in pool.indices.dropFirst() {
                let distance = rest.distance(after: pool[index].amounts)
                guard distance < bestDistance || (distance == bestDistance && isSmaller(pool[index], pool[best])) else { continue }
                (best, bestDistance) = (index, distance)
            }
            let candidate = pool.remove(at: best)
            rest = rest.reduced(by: [candidate.amounts])
            chosen.append(candidate)
        }
        return chosen
    }

    private func isSmaller(_ left: Candidate, _ right: Candidate) -> Bool {
        let (left, right) = (left.amounts, right.amounts)
        return (left["memory"], left["cpu"]) <= (right["memory"], right["cpu"])
    }

    /// Where several resources are missing, pods chosen late may make pods chosen early needless. The most protected ones are spared first.
    private func needed(_ victims: [Candidate]) -> [Candidate] {
        var needed: [Candidate] = []
        for (index, victim) in victims.enumerated() where !rest(without: needed + victims[(index + 1)...]).isEmpty {
            needed.append(victim)
        }
        return needed
    }
}
