package import KubeModel
import Timing

/// One pod on this node as a value. It composes the parts of a pod's life, each of which owns its state and decides for itself.
///
/// Use: ``receive(_:at:)`` each event, then perform every action of ``decide(at:)`` once and come back at ``nextWake``. For probes there is a
/// shorter way: ``takeQuietly(_:at:)`` and ``beginProbes(at:)``.
/// Nothing here waits, reads a clock or touches the node. A new kind of behaviour is another part: its events come from ``receive(_:at:)``,
/// its actions and its wake go into the ``Decision``.
package struct PodMachine: Sendable {
    package internal(set) var pod: Pod
    /// When the agent first saw the pod: `status.startTime`.
    package let startTime: Timestamp
    /// The pod is no longer in the API.
    package internal(set) var isRemoved = false
    /// The deletion is older than this agent's knowledge of the pod.
    let wasDeleting: Bool
    /// When a decision is due, and when a probe alone is.
    var nextDecision: Duration?
    var nextProbe: Duration?

    var volumes: VolumeMounts
    var refresh = VolumeRefresh()
    var sandbox = PodSandbox()
    var sequence: ContainerSequence
    var resize: PodResize
    var end = PodEnd()
    /// Actions caused by events since the last decision.
    var pending = Decision()

    /// - Parameter maxRestartPause: the longest pause before a container that keeps ending is started again
    ///   (`crashLoopBackOff.maxContainerRestartPeriod`).
    package init(pod: Pod, startTime: Timestamp, maxRestartPause: Duration = .seconds(300)) {
        self.pod = pod
        self.startTime = pod.status?.startTime ?? startTime
        wasDeleting = pod.metadata.deletionTimestamp != nil
        sequence = ContainerSequence(pod.spec, maxRestartPause: maxRestartPause)
        resize = PodResize(pod.spec)
        volumes = VolumeMounts(names: pod.spec.usedVolumeNames)
        if pod.status?.phase?.isTerminal == true { adoptTerminalStatus() }
    }

    package var nextWake: Duration? { [nextDecision, nextProbe].compactMap { $0 }.min() }

    package var identity: PodIdentity { PodIdentity(namespace: pod.namespace, name: pod.name, uid: pod.uid) }

    package var isDeleting: Bool { isRemoved || pod.metadata.deletionTimestamp != nil }

    /// The pod ends: because it is deleted, or because it is over.
    package var isEnding: Bool { end.hasBegun }

    /// It is settled that the pod ends, and why: it needs no place on the node.
    package var isOver: Bool { end.verdict != nil }

    /// Nothing is left of the pod on the node but its records and logs.
    package var holdsNothing: Bool { end.step >= .cleanedUp }

    /// Another client, or an earlier agent, has made the phase terminal in the API: it must not go back.
    package var isDecidedInAPI: Bool { end.verdict?.isInAPI == true }

    /// The final status is known and the pod holds nothing any more: the API object may be deleted.
    package var mayDeleteFromAPI: Bool { end.step == .removable && pod.metadata.deletionTimestamp != nil && !isRemoved }

    /// Nothing is left to do, ever.
    package var isGone: Bool { end.step == .gone }

    /// Init containers in order, then regular ones.
    package var containers: [ContainerRecord] { sequence.records }

    package var volumesAreMounted: Bool { volumes.areMounted }

    /// Roots of the mounted volumes on the node, by name.
    package var volumePaths: [String: String] { volumes.paths }

    package var addresses: [String] { sandbox.addresses }

    /// The sandbox in which containers may run; absent while there is none.
    package var readySandbox: String? {
        guard case .ready(let id, _, _) = sandbox.state else { return nil }
        return id
    }

    /// Sandboxes whose records are still on disk, the latest last.
    package var knownSandboxes: [String] { sandbox.knownIDs }

    var rules: RestartRules { RestartRules(spec: pod.spec) }

    /// A pod that was over before this agent knew it is not started again.
    private mutating func adoptTerminalStatus() {
        end.begin()
        end.decree(
            PodVerdict(
                reason: pod.status?.reason, message: pod.status?.message, phase: pod.status?.phase, isInAPI: true,
                isRefusal: pod.status?.containerStatuses?.isEmpty != false))
        sandbox = PodSandbox(.stopped(addresses: pod.status?.podIPs?.map(\.ip) ?? []))
        sequence.adopt(pod.status)
    }

    /// This node does not take the pod: it has failed, and nothing is made for it.
    package mutating func refuse(_ refusal: PodRefusal) {
        end.decree(
            PodVerdict(reason: refusal.reason, message: "Pod was rejected: \(refusal.message)", phase: .failed, isRefusal: true))
        pending.record(.warning, refusal.reason, refusal.message)
    }
}
