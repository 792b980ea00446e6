import Addresses
package import KubeModel

/// Services and their usable endpoints, port by port and family by family.
package struct ServiceTable: Sendable, Hashable {
    /// In the order of their names.
    package let entries: [ServiceEntry]
    /// Services and ports that cannot be served, a sentence each.
    package let problems: [String]

    package init(entries: [ServiceEntry], problems: [String] = []) {
        self.entries = entries
        self.problems = problems
    }

    package init(services: [Service], slices: [EndpointSlice], nodeName: String) {
        let catalog = EndpointCatalog(slices, nodeName: nodeName)
        var builder = Builder(catalog: catalog)
        // In the order of names, so that the same Service of two with one frontend always gets it.
        for service in services.sorted(by: { Self.name(of: $0) < Self.name(of: $1) }) { builder.add(service) }
        entries = builder.entries
        problems = builder.problems
    }

    private static func name(of service: Service) -> (String, String) { (service.metadata.namespace ?? "", service.metadata.name ?? "") }

    private struct Builder {
        /// A NodePort belongs to one Service per protocol and family.
        private struct NodePortKey: Hashable {
            let family: IPAddress.Family
            let transport: TransportProtocol
            let port: UInt16
        }

        let catalog: EndpointCatalog
        var entries: [ServiceEntry] = []
        var problems: [String] = []
        private var frontends: Set<Frontend> = []
        private var nodePorts: Set<NodePortKey> = []

        init(catalog: EndpointCatalog) { self.catalog = catalog }

        mutating func add(_ service: Service) {
            guard let spec = service.spec, let namespace = service.metadata.namespace, let name = service.metadata.name,
                spec.type != "ExternalName", !ServiceLabels.isIgnored(service.metadata)
            else { return }
            let texts = spec.clusterIPs.flatMap { $0.isEmpty ? nil : $0 } ?? [spec.clusterIP ?? ""]
            if texts.first == "None" || texts.first == "" { return }
            for text in texts {
                guard let address = IPAddress(text), !address.isUnspecified, !address.isLoopback else {
                    problems.append("service \(namespace)/\(name): cluster IP \"\(text)\" is not an address that can be served")
                    continue
                }
                for port in spec.ports ?? [] { add(port, of: spec, at: address, namespace: namespace, service: name) }
            }
        }

        private mutating func add(_ port: ServicePort, of spec: ServiceSpec, at address: IPAddress, namespace: String, service: String) {
            guard let transport = TransportProtocol(field: port.protocol), let number = UInt16(exactly: port.port), number > 0 else {
                problems.append("service \(namespace)/\(service): port \(port.port)/\(port.protocol ?? "TCP") cannot be served")
                return
            }
            let name = ServicePortName(namespace: namespace, service: service, port: port.name ?? "", transport: transport)
            let frontend = Frontend(address: address, transport: transport, port: number)
            guard frontends.insert(frontend).inserted else {
                problems.append("service \(name): \(address) port \(number) belongs to another service already")
                return
            }
            var nodePort: UInt16?
            if spec.type == "NodePort" || spec.type == "LoadBalancer", let wanted = port.nodePort.flatMap({ UInt16(exactly: $0) }), wanted > 0 {
                let key = NodePortKey(family: address.family, transport: transport, port: wanted)
                if nodePorts.insert(key).inserted {
                    nodePort = wanted
                } else {
                    problems.append("service \(name): node port \(wanted) belongs to another service already")
                }
            }
            entries.append(
                ServiceEntry(
                    name: name, clusterIP: address, port: number, nodePort: nodePort,
                    endpoints: catalog.endpoints(of: name, family: address.family)))
        }
    }
}
