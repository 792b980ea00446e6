package import KubeModel

/// Services and their usable endpoints, port by port and family by family.
package struct ServiceTable: Sendable, Hashable {
    /// In the order of the Services' names.
    package let entries: [ServiceEntry]
    /// Services, ports, addresses and endpoints that cannot be served.
    package let problems: [ServiceProblem]
    package let healthChecks: [ServiceHealthCheck]

    package init(entries: [ServiceEntry], problems: [ServiceProblem] = [], healthChecks: [ServiceHealthCheck] = []) {
        self.entries = entries
        self.problems = problems
        self.healthChecks = healthChecks
    }

    /// - Parameter zone: this node's, for topology hints.
    package init(services: [Service], slices: [EndpointSlice], nodeName: String, zone: String? = nil) {
        var configuration = ProxyConfiguration(nodeName: nodeName)
        configuration.zone = zone
        var model = ServiceModel(configuration)
        model.replace(services: Packed.byKey(services), slices: Packed.byKey(slices))
        model.update()
        self.init(entries: model.entries, problems: model.problems, healthChecks: model.healthChecks)
    }
}
