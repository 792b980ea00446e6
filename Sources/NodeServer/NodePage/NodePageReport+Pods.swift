import KubeModel
import PodCore

extension NodePageReport {
    private struct Line: Comparable {
        let pod: Pod
        let state: PodState

        private var order: (Int, String, String, String) {
            (PodState.Kind.allCases.firstIndex(of: state.kind) ?? 0, pod.namespace, pod.name, pod.uid)
        }

        static func < (left: Line, right: Line) -> Bool { left.order < right.order }
    }

    /// The pods that the query means: those with trouble first, then by namespace and name.
    var podList: JSONValue {
        var counts: [PodState.Kind: Int] = [:]
        var lines: [Line] = []
        for pod in pods {
            let line = Line(pod: pod, state: PodState(pod))
            counts[line.state.kind, default: 0] += 1
            if isMeant(line) { lines.append(line) }
        }
        lines.sort()
        let measured = Dictionary((measurement?.pods ?? []).map { ($0.identity.uid, $0.cgroup) }) { first, _ in first }
        let items = lines.prefix(Self.mostPods).map { item($0, measured[$0.pod.uid]) }
        return [
            "total": .integer(Int64(pods.count)), "matching": .integer(Int64(lines.count)),
            "counts": .object(Dictionary(uniqueKeysWithValues: counts.map { ($0.rawValue, JSONValue.integer(Int64($1))) })), "items": .array(items),
        ]
    }

    private func isMeant(_ line: Line) -> Bool {
        let text = Array(query.pods.utf8)
        if text.isEmpty { return true }
        let words = [line.pod.key.description, line.state.word, line.state.kind.rawValue] + (line.pod.status?.podIPs ?? []).map(\.ip)
        return words.contains { $0.lowercased().holds(text) }
    }

    private func item(_ line: Line, _ cgroup: CgroupMeasurement?) -> JSONValue {
        let pod = line.pod
        var object: JSONValue = [
            "uid": Self.text(pod.uid), "namespace": Self.text(pod.namespace), "name": Self.text(pod.name), "state": Self.text(line.state.word),
            "kind": .string(line.state.kind.rawValue), "ready": .string("\(line.state.readyContainers)/\(pod.spec.containers.count)"),
            "restarts": .integer(Int64(line.state.restarts)), "reasons": Self.texts(PodState.reasons(pod)),
            "addresses": Self.texts((pod.status?.podIPs ?? []).map(\.ip)),
        ]
        object["createdAt"] = pod.metadata.creationTimestamp.map(Self.time)
        object["cpuNanoCores"] = cgroup?.usageNanoCores.map(Self.number)
        object["memoryBytes"] = cgroup?.workingSet.map(Self.number)
        return object
    }
}
