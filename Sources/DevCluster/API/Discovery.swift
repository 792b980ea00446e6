import KubeModel

/// The discovery documents of the API.
enum Discovery {
    static let version: JSONValue = [
        "major": "1", "minor": "36", "gitVersion": "v1.36.0", "gitCommit": "", "gitTreeState": "clean", "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "", "compiler": "", "platform": "linux/amd64",
    ]

    static let coreVersions: JSONValue = ["kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []]

    static let groups: JSONValue = [
        "kind": "APIGroupList", "apiVersion": "v1", "groups": .array(groupNames.map(group)),
    ]

    private static let groupNames: [String] = Set(ResourceType.all.map(\.group)).filter { !$0.isEmpty }.sorted()

    private static func group(_ name: String) -> JSONValue {
        let version: JSONValue = ["groupVersion": .string("\(name)/v1"), "version": "v1"]
        return ["name": .string(name), "versions": [version], "preferredVersion": version]
    }

    /// `/api/v1`, `/apis/<group>` or `/apis/<group>/v1`; nil for other paths.
    static func resources(path: String) -> JSONValue? {
        let parts = path.split(separator: "/").map(String.init)
        if parts == ["api", "v1"] { return list("") }
        guard parts.first == "apis", parts.count >= 2, groupNames.contains(parts[1]) else { return nil }
        if parts.count == 2 {
            var answer = group(parts[1])
            answer["kind"] = "APIGroup"
            answer["apiVersion"] = "v1"
            return answer
        }
        return parts.count == 3 && parts[2] == "v1" ? list(parts[1]) : nil
    }

    private static func list(_ group: String) -> JSONValue {
        var resources: [JSONValue] = []
        for type in ResourceType.all where type.group == group {
            var entry: JSONValue = [
                "name": .string(type.plural), "singularName": .string(type.singular), "namespaced": .bool(type.isNamespaced),
                "kind": .string(type.kind),
                "verbs": type.isReview ? ["create"] : ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
            ]
            if !type.shortNames.isEmpty { entry["shortNames"] = .array(type.shortNames.map { .string($0) }) }
            if !type.categories.isEmpty { entry["categories"] = .array(type.categories.map { .string($0) }) }
            resources.append(entry)
            for subresource in type.subresources { resources.append(self.subresource(type, subresource)) }
        }
        return [
            "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": .string(group.isEmpty ? "v1" : "\(group)/v1"),
            "resources": .array(resources),
        ]
    }

    private static func subresource(_ type: ResourceType, _ name: String) -> JSONValue {
        var entry: JSONValue = [
            "name": .string("\(type.plural)/\(name)"), "singularName": "", "namespaced": .bool(type.isNamespaced), "kind": .string(type.kind),
        ]
        switch name {
        case "attach", "exec", "portforward":
            entry["kind"] = .string(["attach": "PodAttachOptions", "exec": "PodExecOptions"][name] ?? "PodPortForwardOptions")
            entry["verbs"] = ["create", "get"]
        case "proxy":
            entry["kind"] = "NodeProxyOptions"
            entry["verbs"] = ["get"]
        case "log": entry["verbs"] = ["get"]
        case "binding":
            entry["kind"] = "Binding"
            entry["verbs"] = ["create"]
        case "eviction":
            entry["kind"] = "Eviction"
            entry["group"] = "policy"
            entry["version"] = "v1"
            entry["verbs"] = ["create"]
        case "token":
            entry["kind"] = "TokenRequest"
            entry["group"] = "authentication.k8s.io"
            entry["version"] = "v1"
            entry["verbs"] = ["create"]
        case "finalize": entry["verbs"] = ["update"]
        default: entry["verbs"] = ["get", "patch", "update"]
        }
        return entry
    }
}
