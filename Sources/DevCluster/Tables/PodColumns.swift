import KubeModel

enum PodColumns {
    static let all: [TableColumn] = [
        .objectName,
        .text("Ready") { pod in
            let summary = PodSummary(pod)
            return "\(summary.ready)/\(summary.total)"
        },
        .text("Status") { PodSummary($0).reason },
        TableColumn("Restarts") { pod, now in
            let summary = PodSummary(pod)
            guard summary.restarts > 0, let last = summary.lastRestart else { return .string("\(summary.restarts)") }
            return .string("\(summary.restarts) (\(Age.text(seconds: now.seconds - last.seconds)) ago)")
        },
        .age,
        .text("IP", wide: true) { pod in pod["status"]?.list("podIPs").first?.text("ip") ?? pod.text("status", "podIP") },
        .text("Node", wide: true) { $0.text("spec", "nodeName") },
        .text("Nominated Node", wide: true) { $0.text("status", "nominatedNodeName") },
        .text("Readiness Gates", wide: true) { pod in
            let gates = pod["spec"]?.list("readinessGates") ?? []
            guard !gates.isEmpty else { return "" }
            return "\(gates.filter { pod.condition($0.text("conditionType"))?.text("status") == "True" }.count)/\(gates.count)"
        },
    ]
}

/// A pod in the four words that `kubectl get pods` has for it.
struct PodSummary {
    private(set) var ready = 0
    private(set) var total: Int
    private(set) var restarts: Int64 = 0
    private(set) var lastRestart: Timestamp?
    private(set) var reason: String

    init(_ pod: JSONValue) {
        let spec = pod["spec"] ?? [:]
        let status = pod["status"] ?? [:]
        total = spec.list("containers").count
        reason = status.text("reason").isEmpty ? status.text("phase") : status.text("reason")
        if pod.condition("PodScheduled")?.text("reason") == "SchedulingGated" { reason = "SchedulingGated" }

        let sidecars = Set(spec.list("initContainers").filter { $0.text("restartPolicy") == "Always" }.map { $0.text("name") })
        total += sidecars.count
        let isInitializing = initialize(spec, status, sidecars)
        if !isInitializing || pod.condition("Initialized")?.text("status") == "True" { containers(pod, status) }

        if pod.isBeingDeleted {
            if status.text("reason") == "NodeLost" {
                reason = "Unknown"
            } else if !["Succeeded", "Failed"].contains(status.text("phase")) {
                reason = "Terminating"
            }
        }
    }

    private mutating func count(_ container: JSONValue) {
        restarts += container["restartCount"]?.integer ?? 0
        guard let end = Timestamp(rfc3339: container.text("lastState", "terminated", "finishedAt")) else { return }
        lastRestart = max(lastRestart ?? end, end)
    }

    private static func ending(_ terminated: JSONValue) -> String {
        if !terminated.text("reason").isEmpty { return terminated.text("reason") }
        if let signal = terminated["signal"]?.integer, signal != 0 { return "Signal:\(signal)" }
        return "ExitCode:\(terminated["exitCode"]?.integer ?? 0)"
    }

    /// True while an init container holds the pod up.
    private mutating func initialize(_ spec: JSONValue, _ status: JSONValue, _ sidecars: Set<String>) -> Bool {
        let statuses = status.list("initContainerStatuses")
        for (index, container) in statuses.enumerated() {
            count(container)
            let isSidecar = sidecars.contains(container.text("name"))
            let state = container["state"] ?? [:]
            if let terminated = state["terminated"], terminated["exitCode"]?.integer == 0, !isSidecar { continue }
            if isSidecar, container["started"]?.bool == true {
                if container["ready"]?.bool == true { ready += 1 }
                continue
            }
            if let terminated = state["terminated"] {
                reason = "Init:" + Self.ending(terminated)
            } else if let waiting = state["waiting"]?.text("reason"), !waiting.isEmpty, waiting != "PodInitializing" {
                reason = "Init:" + waiting
            } else {
                reason = "Init:\(index)/\(spec.list("initContainers").count)"
            }
            return true
        }
        return false
    }

    private mutating func containers(_ pod: JSONValue, _ status: JSONValue) {
        var isRunning = false
        for container in status.list("containerStatuses").reversed() {
            count(container)
            let state = container["state"] ?? [:]
            if let waiting = state["waiting"]?.text("reason"), !waiting.isEmpty {
                reason = waiting
            } else if let terminated = state["terminated"] {
                reason = Self.ending(terminated)
            } else if container["ready"]?.bool == true, state["running"] != nil {
                isRunning = true
                ready += 1
            }
        }
        // Among containers that ended one still runs: the pod does.
        if reason == "Completed", isRunning { reason = pod.condition("Ready")?.text("status") == "True" ? "Running" : "NotReady" }
    }
}
