package import KubeModel

/// The variables that tell a container where the Services of its namespace are (service links).
package enum ServiceEnvironment {
    /// The Service that every environment shows.
    package static let ofAPIServer = ObjectKey(namespace: "default", name: "kubernetes")

    /// `FOO_SERVICE_HOST`, `FOO_SERVICE_PORT[_NAME]` and the link variables of every Service that has a cluster IP.
    ///
    /// Always includes the API server's Service, `kubernetes` in `default`. The Services of the pod's namespace are included when `links` is true,
    /// and replace it where they have its name.
    package static func variables(services: [Service], namespace: String, links: Bool) -> [String: String] {
        var visible: [String: Service] = [:]
        for service in services where service.clusterAddress != nil {
            if service.namespace == namespace, links {
                visible[service.name] = service
            } else if service.key == ofAPIServer, visible[ofAPIServer.name] == nil {
                visible[ofAPIServer.name] = service
            }
        }
        var variables: [String: String] = [:]
        for service in visible.values { add(service, to: &variables) }
        return variables
    }

    private static func add(_ service: Service, to variables: inout [String: String]) {
        guard let address = service.clusterAddress, let ports = service.spec?.ports, let first = ports.first else { return }
        let prefix = variableName(service.name)
        variables["\(prefix)_SERVICE_HOST"] = address
        variables["\(prefix)_SERVICE_PORT"] = String(first.port)
        let host = address.contains(":") ? "[\(address)]" : address
        for (index, port) in ports.enumerated() {
            if let name = port.name, !name.isEmpty { variables["\(prefix)_SERVICE_PORT_\(variableName(name))"] = String(port.port) }
            let proto = port.protocol ?? "TCP"
            let url = "\(proto.lowercased())://\(host):\(port.port)"
            if index == 0 { variables["\(prefix)_PORT"] = url }
            let portPrefix = "\(prefix)_PORT_\(port.port)_\(proto.uppercased())"
            variables[portPrefix] = url
            variables["\(portPrefix)_PROTO"] = proto.lowercased()
            variables["\(portPrefix)_PORT"] = String(port.port)
            variables["\(portPrefix)_ADDR"] = address
        }
    }

    private static func variableName(_ name: String) -> String {
        String(name.uppercased().map { $0 == "-" ? "_" : $0 })
    }
}

extension Service {
    /// The first cluster IP, if the Service has one.
    package var clusterAddress: String? {
        guard let address = spec?.clusterIP, !address.isEmpty, address != "None" else { return nil }
        return address
    }
}
