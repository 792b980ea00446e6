import KubeModel

enum NodeColumns {
    static let all: [TableColumn] = [
        .objectName,
        .text("Status") { node in
            var words = [Self.ready(node)]
            if node["spec", "unschedulable"]?.bool == true { words.append("SchedulingDisabled") }
            return words.joined(separator: ",")
        },
        .text("Roles") { node in
            let prefix = "node-role.kubernetes.io/"
            return node.labels.keys.filter { $0.hasPrefix(prefix) && $0.count > prefix.count }.map { String($0.dropFirst(prefix.count)) }.sorted()
                .joined(separator: ",")
        },
        .age,
        .text("Version", empty: "") { $0.text("status", "nodeInfo", "kubeletVersion") },
        .text("Internal-IP", wide: true) { address($0, "InternalIP") },
        .text("External-IP", wide: true) { address($0, "ExternalIP") },
        .text("OS-Image", wide: true, empty: "<unknown>") { $0.text("status", "nodeInfo", "osImage") },
        .text("Kernel-Version", wide: true, empty: "<unknown>") { $0.text("status", "nodeInfo", "kernelVersion") },
        .text("Container-Runtime", wide: true, empty: "<unknown>") { $0.text("status", "nodeInfo", "containerRuntimeVersion") },
    ]

    private static func ready(_ node: JSONValue) -> String {
        switch node.condition("Ready")?.text("status") {
        case "True": "Ready"
        case nil: "Unknown"
        default: "NotReady"
        }
    }

    private static func address(_ node: JSONValue, _ type: String) -> String {
        node["status"]?.list("addresses").first { $0.text("type") == type }?.text("address") ?? ""
    }
}
