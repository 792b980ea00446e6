package import KubeModel
package import PodCore

/// The agent and the node as `swiftlet status` prints them.
package enum StatusTable {
    package static func text(_ summary: NodeSummary, _ health: [HealthCheck], now: Timestamp) -> String {
        var table = TextTable()
        table.add("Node:", summary.nodeName)
        table.add("Ready:", summary.isReady ? "yes" : "no" + (summary.readyMessage.isEmpty ? "" : " (\(summary.readyMessage))"))
        let contact = summary.apiServerLastContact.map { "last answered \(TimeText.age(seconds: Int64(max(0, $0)))) ago" } ?? "has not answered yet"
        table.add("API server:", "\(summary.apiServer) (\(contact))")
        let phases = summary.podsByPhase.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
        table.add("Pods:", phases.isEmpty ? "none" : phases.joined(separator: ", "))
        table.add("Pod CIDRs:", summary.podCIDRs.isEmpty ? "none yet" : summary.podCIDRs.joined(separator: ", "))
        table.add("Version:", summary.version)
        table.add("Running for:", TimeText.age(seconds: now.seconds - summary.startedAt.seconds))
        for check in health {
            table.add("Check \(check.name):", check.problem ?? "ok")
        }
        return table.text
    }
}
