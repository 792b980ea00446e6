import KubeModel

enum ServiceColumns {
    static let all: [TableColumn] = [
        .objectName,
        .text("Type") { $0.text("spec", "type") },
        .text("Cluster-IP") { $0.text("spec", "clusterIP") },
        .text("External-IP") { service in
            let external = service["spec"]?.list("externalIPs").compactMap(\.string) ?? []
            switch service.text("spec", "type") {
            case "ExternalName": return service.text("spec", "externalName")
            case "LoadBalancer":
                let ingress =
                    service["status", "loadBalancer"]?.list("ingress").map { $0.text("ip").isEmpty ? $0.text("hostname") : $0.text("ip") } ?? []
                let all = ingress + external
                return all.isEmpty ? "<pending>" : all.joined(separator: ",")
            default: return external.joined(separator: ",")
            }
        },
        .text("Port(s)") { service in
            (service["spec"]?.list("ports") ?? []).map { port in
                let node = port["nodePort"]?.integer.map { ":\($0)" } ?? ""
                return "\(port["port"]?.integer ?? 0)\(node)/\(port.text("protocol"))"
            }.joined(separator: ",")
        },
        .age,
        .text("Selector", wide: true) { service in
            (service["spec", "selector"]?.object ?? [:]).map { "\($0)=\($1.string ?? "")" }.sorted().joined(separator: ",")
        },
    ]
}

enum EndpointSliceColumns {
    static let all: [TableColumn] = [
        .objectName,
        .text("AddressType") { $0.text("addressType") },
        .text("Ports", empty: "<unset>") { slice in short(slice.list("ports").map { $0["port"]?.integer.map { String($0) } ?? "*" }) },
        .text("Endpoints", empty: "<unset>") { slice in short(slice.list("endpoints").flatMap { $0.list("addresses").compactMap(\.string) }) },
        .age,
    ]

    private static func short(_ values: [String]) -> String {
        values.count <= 3 ? values.joined(separator: ",") : values.prefix(3).joined(separator: ",") + " + \(values.count - 3) more..."
    }
}
