import LinuxCgroups
import Synchronization

/// The CPU weights of the quality-of-service levels: burstable pods together weigh what they ask for, best-effort pods as little as can be.
/// Guaranteed pods stand beside the levels with weights of their own.
///
/// Written whenever a pod comes, goes or is resized.
final class LevelWeights: Sendable {
    private struct State: Sendable {
        var isWriting = false
        var isWanted = false

        /// Returns true if there is something to write; if not, the turn ends.
        mutating func takesTurn() -> Bool {
            isWriting = isWanted
            isWanted = false
            return isWriting
        }
    }

    private let tree: CgroupTree
    private let state = Mutex(State())

    init(tree: CgroupTree) { self.tree = tree }

    /// Returns when the weights are written, or another thread is bound to look again: no thread waits for another, and the last sum wins.
    /// Blocking.
    /// - Parameter burstable: the requests of all burstable pods, millicores; asked for as late as possible.
    func update(burstable: () -> Int64) throws(CgroupError) {
        let isFirst = state.withLock { state in
            state.isWanted = true
            defer { state.isWriting = true }
            return !state.isWriting
        }
        guard isFirst else { return }
        while state.withLock({ $0.takesTurn() }) {
            do throws(CgroupError) {
                try write(burstable())
            } catch {
                state.withLock { $0 = State() }
                throw error
            }
        }
    }

    private func write(_ burstable: Int64) throws(CgroupError) {
        for (name, milliCPU) in [(PodCgroup.burstable, burstable), (PodCgroup.bestEffort, 0)] {
            let level = try tree.cgroup(name)
            if level.exists { try level.applyCPURequest(milliCPU) }
        }
    }
}
