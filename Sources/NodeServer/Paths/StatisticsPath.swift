/// The paths under which the node's measured figures are.
package enum StatisticsPath: Sendable, Hashable {
    /// `/metrics/resource`: the few figures that metrics-server reads.
    case resource
    /// `/metrics/cadvisor`: every figure of the machine, the pods and their containers.
    case containers
    /// `/stats/summary`
    case summary

    /// Returns `nil` for any other path.
    package init?(_ segments: [String]) {
        switch segments {
        case ["metrics", "resource"]: self = .resource
        case ["metrics", "cadvisor"]: self = .containers
        case ["stats", "summary"]: self = .summary
        default: return nil
        }
    }
}
