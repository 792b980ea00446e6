import Addresses
import KubeModel

/// Creates the objects that exist before the first client comes: namespaces, priority classes and the Service of the API itself.
struct BootstrapObjects: Sendable {
    let host: String
    let port: Int
    let serviceRange: CIDR

    func create(_ rules: ObjectRules, _ store: isolated ObjectStore) throws {
        let system = Identity(user: "system:apiserver", groups: ["system:masters"])
        for name in ["default", "kube-system", "kube-public", "kube-node-lease"] {
            _ = try rules.create(.namespaces, namespace: "", ["metadata": ["name": .string(name)]], by: system, dryRun: false, store)
        }
        for (name, value) in [("system-cluster-critical", 2_000_000_000), ("system-node-critical", 2_000_001_000)] as [(String, Int64)] {
            let priority: JSONValue = [
                "metadata": ["name": .string(name)], "value": .integer(value), "description": "Used for system critical pods.",
            ]
            _ = try rules.create(.priorityClasses, namespace: "", priority, by: system, dryRun: false, store)
        }
        let service: JSONValue = [
            "metadata": ["name": "kubernetes", "labels": ["component": "apiserver", "provider": "kubernetes"]],
            "spec": [
                "clusterIP": .string(serviceRange.address(1).description),
                "ports": [["name": "https", "port": 443, "protocol": "TCP", "targetPort": .integer(Int64(port))]],
            ],
        ]
        _ = try rules.create(.services, namespace: "default", service, by: system, dryRun: false, store)
        // Endpoints must be addresses: a name has none here.
        guard IPAddress(host)?.family == .v4 else { return }
        let slice: JSONValue = [
            "metadata": ["name": "kubernetes", "labels": ["kubernetes.io/service-name": "kubernetes"]], "addressType": "IPv4",
            "endpoints": [["addresses": [.string(host)], "conditions": ["ready": true]]],
            "ports": [["name": "https", "port": .integer(Int64(port)), "protocol": "TCP"]],
        ]
        _ = try rules.create(.endpointSlices, namespace: "default", slice, by: system, dryRun: false, store)
    }
}
