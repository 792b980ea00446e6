import KubeModel

/// A pod in the words of `kubectl get pods`.
struct PodLine {
    let ready: String
    let status: String
    let restarts: Int
    let age: String
    let address: String
    let containers: String

    init(_ pod: Pod, now: Timestamp) {
        let statuses = pod.status?.containerStatuses ?? []
        ready = "\(statuses.count { $0.ready })/\(pod.spec.containers.count)"
        restarts = statuses.reduce(0) { $0 + $1.restartCount }
        status = Self.status(pod)
        age = pod.metadata.creationTimestamp.map { TimeText.age(seconds: now.seconds - $0.seconds) } ?? "<unknown>"
        let addresses = pod.status?.podIPs?.map(\.ip) ?? []
        address = addresses.isEmpty ? "<none>" : addresses.joined(separator: ",")
        containers = pod.spec.containers.map(\.name).joined(separator: ",")
    }

    private static func status(_ pod: Pod) -> String {
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
}
