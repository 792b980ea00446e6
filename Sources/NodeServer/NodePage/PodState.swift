package import KubeModel

/// The state of a pod in the words of `kubectl get pods`, and the reasons for it.
package struct PodState: Sendable, Hashable {
    /// In the order in which an operator wants to see them.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Something went wrong, also when the node tries it again.
        case failing
        /// It does not serve yet, or not any more.
        case waiting
        case running
        /// Everything was done.
        case ended
    }

    package let word: String
    package let kind: Kind
    package let readyContainers: Int
    package let restarts: Int

    private static let starting: Set<String> = ["ContainerCreating", "PodInitializing"]

    package init(_ pod: Pod) {
        let statuses = pod.status?.containerStatuses ?? []
        readyContainers = statuses.count { $0.ready }
        restarts = statuses.reduce(0) { $0 + $1.restartCount }
        word = Self.word(pod)
        kind = Self.kind(pod)
    }

    private static func word(_ pod: Pod) -> String {
        let phase = pod.status?.phase ?? .pending
        if pod.metadata.deletionTimestamp != nil, !phase.isTerminal { return "Terminating" }
        if let reason = pod.status?.reason, !reason.isEmpty { return reason }
        let sidecars = Set((pod.spec.initContainers ?? []).filter { $0.restartPolicy == .always }.map(\.name))
        for (index, container) in (pod.status?.initContainerStatuses ?? []).enumerated() {
            if let end = container.state.terminated {
                if end.exitCode == 0 || sidecars.contains(container.name) { continue }
                return "Init:" + ending(end)
            }
            if sidecars.contains(container.name), container.started == true { continue }
            if let reason = container.state.waiting?.reason, reason != "PodInitializing" { return "Init:" + reason }
            return "Init:\(index)/\(pod.spec.initContainers?.count ?? 0)"
        }
        let statuses = pod.status?.containerStatuses ?? []
        if let reason = statuses.lazy.compactMap(\.state.waiting?.reason).first { return reason }
        if statuses.contains(where: { $0.state.running != nil }) {
            return statuses.allSatisfy(\.ready) || phase == .running ? "Running" : phase.rawValue
        }
        if let end = statuses.lazy.compactMap(\.state.terminated).first { return ending(end) }
        return phase.rawValue
    }

    private static func ending(_ end: ContainerState.Terminated) -> String {
        if let reason = end.reason, !reason.isEmpty { return reason }
        if let signal = end.signal, signal != 0 { return "Signal:\(signal)" }
        return "ExitCode:\(end.exitCode)"
    }

    private static func kind(_ pod: Pod) -> Kind {
        let phase = pod.status?.phase ?? .pending
        if phase == .failed { return .failing }
        if phase == .succeeded { return .ended }
        if pod.metadata.deletionTimestamp != nil { return .waiting }
        if lasting(pod).contains(where: isFailing) { return .failing }
        let isReady = pod.status?.conditions?.contains { $0.type == "Ready" && $0.status == "True" } ?? false
        return phase == .running && isReady ? .running : .waiting
    }

    /// Without ephemeral containers, whose ends are nothing that a pod suffers from.
    private static func lasting(_ pod: Pod) -> [ContainerStatus] {
        (pod.status?.initContainerStatuses ?? []) + (pod.status?.containerStatuses ?? [])
    }

    private static func isFailing(_ container: ContainerStatus) -> Bool {
        if let waiting = container.state.waiting { return !starting.contains(waiting.reason ?? "ContainerCreating") }
        return container.state.terminated.map { $0.exitCode != 0 } ?? false
    }

    // MARK: Reasons

    /// One line for each thing that is not as it should be, in the status' own words.
    package static func reasons(_ pod: Pod) -> [String] {
        guard let status = pod.status else { return [] }
        var lines: [String] = []
        if let message = status.message, !message.isEmpty { lines.append(message) }
        for container in lasting(pod) { lines += reasons(container).map { "\(container.name): \($0)" } }
        guard lines.isEmpty, status.phase == .running || status.phase == .pending else { return lines }
        for condition in status.conditions ?? [] where condition.type == "Ready" && condition.status == "False" {
            if let message = condition.message ?? condition.reason, !message.isEmpty { lines.append("not ready: \(message)") }
        }
        return lines
    }

    private static func reasons(_ container: ContainerStatus) -> [String] {
        var lines: [String] = []
        if let waiting = container.state.waiting, let reason = waiting.reason, !starting.contains(reason) {
            lines.append(sentence(reason, waiting.message))
        }
        if let end = container.state.terminated, end.exitCode != 0 {
            lines.append(sentence("\(ending(end)), exit code \(end.exitCode)", end.message))
        }
        if let end = container.lastState.terminated, end.exitCode != 0, container.state.terminated == nil {
            lines.append(sentence("ended before with \(ending(end)), exit code \(end.exitCode)", end.message))
        }
        return lines
    }

    private static func sentence(_ reason: String, _ message: String?) -> String {
        guard let message, !message.isEmpty else { return reason }
        return "\(reason): \(message)"
    }
}
