import KubeClient
import KubeModel
package import Logging
package import Timing

/// Shows the node's static pods in the API by mirror pods: makes each, makes it again when it was deleted, and removes it after its static pod.
package actor MirrorPods {
    /// The tries for one name.
    private struct Tries {
        var isUnderWay = false
        var notBefore = Duration.zero
        var backOff = BackOff(initial: .seconds(1), maximum: .seconds(60))
        var problem: String?
    }

    /// The watch reports a new mirror pod. Without a report in this time it is made again.
    private static let patience = Duration.seconds(1)

    package nonisolated let index: MirrorIndex
    private let api: any MirrorPodAPI
    private let nodeName: String
    private let time: any TimeSource
    private let logger: Logger
    private let tasks = OwnedTasks()
    private let wakes: WakeQueue<ObjectKey>
    private var nodeUID: String?
    /// `nil` until the manifests were read once: until then no mirror pod is removed.
    private var wanted: [ObjectKey: StaticPod]?
    private var mirrors: [ObjectKey: Pod] = [:]
    /// Whether the API's pods are known: until then a mirror pod that is there could not be told from one that is missing.
    private var isListed = false
    private var tries: [ObjectKey: Tries] = [:]

    package init(api: any MirrorPodAPI, nodeName: String, index: MirrorIndex, time: any TimeSource, logger: Logger) {
        self.api = api
        self.nodeName = nodeName
        self.index = index
        self.time = time
        self.logger = logger
        wakes = WakeQueue(time: time)
    }

    /// Runs until it is cancelled.
    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.tasks.run() }
            await wakes.run { await self.reconcile($0) }
            group.cancelAll()
        }
    }

    /// Sets the uid of the registered Node, which owns the mirror pods.
    package func nodeChanged(uid: String) {
        guard nodeUID != uid else { return }
        nodeUID = uid
        reconcileAll()
    }

    /// Sets the static pods that run or end on this node.
    func want(_ pods: [StaticPod]) {
        wanted = Dictionary(pods.map { ($0.pod.key, $0) }) { first, _ in first }
        reconcileAll()
    }

    /// The first list of the API's pods is complete.
    func listComplete() {
        isListed = true
        reconcileAll()
    }

    /// Takes over a change of a mirror pod in the API.
    func receive(_ change: ObjectChange<Pod>) {
        let key = change.object.key
        switch change {
        case .stored(let mirror):
            let earlier = mirrors.updateValue(mirror, forKey: key)
            if let earlier, earlier.uid != mirror.uid { index.remove(earlier) }
            index.set(mirror)
            if earlier?.uid != mirror.uid { tries[key]?.notBefore = .zero }
        case .deleted(let mirror):
            index.remove(mirror)
            guard mirrors[key]?.uid == mirror.uid else { return }
            mirrors[key] = nil
            tries[key]?.notBefore = .zero
        }
        reconcile(key)
    }

    /// The mirror pod of this static pod; `nil` while none is known.
    func mirror(of pod: Pod) -> Pod? { mirrors[pod.key].flatMap { $0.mirroredUID == pod.uid ? $0 : nil } }

    /// A pod that is not a mirror pod has this name now.
    func nameTaken(_ key: ObjectKey) {
        if let earlier = mirrors[key] { receive(.deleted(earlier)) }
    }

    private func reconcileAll() {
        for key in Set(mirrors.keys).union((wanted ?? [:]).keys) { reconcile(key) }
    }

    private func reconcile(_ key: ObjectKey) {
        guard isListed, let wanted else { return }
        guard let step = MirrorStep(wanted: wanted[key], mirror: mirrors[key]) else {
            if tries[key]?.isUnderWay != true { tries[key] = nil }
            return wakes.set(key, at: nil)
        }
        var state = tries[key] ?? Tries()
        guard !state.isUnderWay else { return }
        if state.notBefore > time.now() { return wakes.set(key, at: state.notBefore) }
        if case .create = step, nodeUID == nil { return }
        state.isUnderWay = true
        tries[key] = state
        tasks.start { [self] in await take(step, key) }
    }

    private func take(_ step: MirrorStep, _ key: ObjectKey) async {
        var pause = Duration.zero
        do {
            switch step {
            case .create(let pod):
                try await api.createMirrorPod(pod.mirror(nodeName: nodeName, nodeUID: nodeUID ?? ""), key)
                pause = Self.patience
            case .delete(let uid): try await delete(key, uid: uid)
            }
            tries[key]?.backOff.reset()
            tries[key]?.problem = nil
        } catch is CancellationError {
            return
        } catch {
            pause = tries[key]?.backOff.next() ?? Self.patience
            report(error, key)
        }
        tries[key]?.isUnderWay = false
        tries[key]?.notBefore = time.now() + pause
        reconcile(key)
    }

    /// A pod that is gone already, or whose name another pod has, is deleted.
    private func delete(_ key: ObjectKey, uid: String) async throws {
        do {
            try await api.deletePod(key, uid: uid)
        } catch let error as APIError where error.isNotFound || error.isConflict {}
        guard let mirror = mirrors[key], mirror.uid == uid else { return }
        index.remove(mirror)
        mirrors[key] = nil
    }

    private func report(_ error: any Error, _ key: ObjectKey) {
        guard tries[key]?.problem != "\(error)" else { return }
        tries[key]?.problem = "\(error)"
        logger.error("Mirror pod of a static pod could not be written; trying again", metadata: ["pod": "\(key)", "error": "\(error)"])
    }
}
