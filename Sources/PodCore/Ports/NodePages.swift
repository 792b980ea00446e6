package import KubeModel

/// The pages of the node's endpoint about the agent itself. `NodeAgent` conforms.
package protocol NodePages: Sendable {
    /// Returns one of the pages below `/metrics`, as Prometheus' text. It is computed now.
    func metrics(_ page: MetricsPage) async -> [UInt8]

    /// Returns the effective configuration as a JSON document (`/configz`).
    func configuration() async -> [UInt8]

    /// Returns the pods as the runtime has them: names and running containers only.
    func runningPods() async -> [Pod]
}

/// A page of the agent's own metrics.
package enum MetricsPage: String, Sendable, Hashable, CaseIterable {
    /// `/metrics`
    case agent = ""
    /// `/metrics/probes`
    case probes
    /// `/metrics/slis`
    case serviceLevels = "slis"
}
