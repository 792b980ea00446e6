import Addresses
import ProxyCore

/// The targets that packets without connections (UDP and SCTP) to each frontend may have.
struct FlowTargets {
    let targets: [Frontend: Set<Endpoint.Target>]

    init(_ table: ServiceTable, configuration: ProxyConfiguration) {
        var targets: [Frontend: Set<Endpoint.Target>] = [:]
        for entry in table.entries where entry.name.transport != .tcp {
            for frontend in Self.frontends(of: entry, configuration) { targets[frontend] = entry.servingTargets }
        }
        self.targets = targets
    }

    static func allFrontends(_ entries: some Sequence<ServiceEntry>, configuration: ProxyConfiguration) -> Set<Frontend> {
        entries.reduce(into: []) { $0.formUnion(frontends(of: $1, configuration)) }
    }

    /// With the node's own addresses for a NodePort, where it answers at these alone.
    private static func frontends(of entry: ServiceEntry, _ configuration: ProxyConfiguration) -> [Frontend] {
        entry.frontends.flatMap { frontend -> [Frontend] in
            guard frontend.kind == .nodePort, case .at(let addresses) = configuration.nodePorts else { return [frontend.frontend] }
            return addresses.filter { $0.family == entry.family }
                .map { Frontend(address: $0, transport: entry.name.transport, port: frontend.frontend.port) }
        }
    }

    /// Returns the frontends that may have stale flows: those that lost an endpoint, those that got their first one (flows
    /// from before were not translated at all), and those that are gone.
    /// - Parameter earlier: `nil` when it is not known; then every frontend may have stale flows.
    func stale(since earlier: FlowTargets?) -> [Frontend: Set<Endpoint.Target>] {
        guard let earlier else { return targets }
        var result: [Frontend: Set<Endpoint.Target>] = [:]
        for (frontend, old) in earlier.targets {
            let new = targets[frontend] ?? []
            if !old.isSubset(of: new) || old.isEmpty && !new.isEmpty { result[frontend] = new }
        }
        for (frontend, new) in targets where earlier.targets[frontend] == nil { result[frontend] = new }
        return result
    }
}
