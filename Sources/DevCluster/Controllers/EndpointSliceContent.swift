import KubeModel

/// The wanted content of one Service's slices. Pods whose named ports differ go into different slices.
struct EndpointSliceContent: Sendable {
    struct Slice: Sendable {
        let labels: JSONValue
        let annotations: JSONValue?
        let ports: JSONValue
        let endpoints: [JSONValue]

        func equals(_ slice: JSONValue) -> Bool {
            slice["metadata", "labels"] == labels && slice["ports"] ?? [] == ports && slice.list("endpoints") == endpoints
        }

        func fill(_ slice: inout JSONValue) {
            slice["metadata", "labels"] = labels
            slice["ports"] = ports
            slice["endpoints"] = .array(endpoints)
        }
    }

    let slices: [Slice]

    init(_ service: JSONValue, pods: [JSONValue], zones: [String: String]) {
        let servicePorts = service["spec"]?.list("ports") ?? []
        let publishesUnready = service["spec", "publishNotReadyAddresses"]?.bool == true
        var groups: [JSONValue: [JSONValue]] = [:]
        for pod in pods {
            guard let endpoint = Self.endpoint(pod, publishesUnready: publishesUnready, zones: zones) else { continue }
            groups[.array(servicePorts.compactMap { Self.port($0, of: pod) }), default: []].append(endpoint)
        }
        if groups.isEmpty {
            // A Service without pods has one empty slice, so that its ports are known.
            groups[.array(servicePorts.compactMap { $0["targetPort"]?.string == nil ? Self.port($0, of: nil) : nil })] = []
        }
        var labels = service["metadata", "labels"]?.object ?? [:]
        labels[EndpointSliceController.serviceName] = .string(service.name)
        labels[EndpointSliceController.managedBy] = .string(EndpointSliceController.manager)
        if service.text("spec", "clusterIP") == "None" { labels["service.kubernetes.io/headless"] = "" }
        slices = groups.sorted { $0.key.description < $1.key.description }.flatMap { ports, endpoints -> [Slice] in
            let ordered = endpoints.sorted { $0.text("targetRef", "name") < $1.text("targetRef", "name") }
            return stride(from: 0, to: max(1, ordered.count), by: EndpointSliceController.largestSlice).map { start in
                let end = min(start + EndpointSliceController.largestSlice, ordered.count)
                return Slice(labels: .object(labels), annotations: nil, ports: ports, endpoints: Array(ordered[start..<max(start, end)]))
            }
        }
    }

    private static func endpoint(_ pod: JSONValue, publishesUnready: Bool, zones: [String: String]) -> JSONValue? {
        let address = pod.text("status", "podIP")
        let phase = pod.text("status", "phase")
        guard !address.isEmpty, phase != "Succeeded", phase != "Failed" else { return nil }
        let isReady = publishesUnready || pod.condition("Ready")?.text("status") == "True"
        let node = pod.text("spec", "nodeName")
        var endpoint: JSONValue = [
            "addresses": [.string(address)],
            "conditions": [
                "ready": .bool(isReady && (publishesUnready || !pod.isBeingDeleted)), "serving": .bool(isReady),
                "terminating": .bool(pod.isBeingDeleted),
            ],
            "targetRef": ["kind": "Pod", "namespace": .string(pod.namespace), "name": .string(pod.name), "uid": .string(pod.uid)],
        ]
        if !node.isEmpty { endpoint["nodeName"] = .string(node) }
        if let zone = zones[node], !zone.isEmpty { endpoint["zone"] = .string(zone) }
        let hostname = pod.text("spec", "hostname")
        if !hostname.isEmpty, !pod.text("spec", "subdomain").isEmpty { endpoint["hostname"] = .string(hostname) }
        return endpoint
    }

    /// A port of the Service as this pod offers it; nil when it has no container port of that name.
    private static func port(_ port: JSONValue, of pod: JSONValue?) -> JSONValue? {
        var number = port["targetPort"]?.integer ?? port["port"]?.integer ?? 0
        if let name = port["targetPort"]?.string {
            let containers = ["containers", "initContainers"].flatMap { pod?["spec"]?.list($0) ?? [] }
            let named = containers.flatMap { $0.list("ports") }.first { $0.text("name") == name && $0.text("protocol") == port.text("protocol") }
            guard let found = named?["containerPort"]?.integer else { return nil }
            number = found
        }
        var result: JSONValue = ["name": .string(port.text("name")), "port": .integer(number), "protocol": .string(port.text("protocol"))]
        result["appProtocol"] = port["appProtocol"]
        return result
    }
}
