import KubeModel

/// A pod's quality of service class, from its cpu and memory requests and limits.
enum PodQuality {
    static func of(_ spec: JSONValue) -> String {
        let containers = spec.list("containers") + spec.list("initContainers")
        var anything = false
        var guaranteed = true
        for container in containers {
            for name in ["cpu", "memory"] {
                let limit = amount(container, "limits", name)
                let request = amount(container, "requests", name)
                if limit != nil || request != nil { anything = true }
                if limit == nil || request != limit { guaranteed = false }
            }
        }
        if !anything { return "BestEffort" }
        return guaranteed ? "Guaranteed" : "Burstable"
    }

    private static func amount(_ container: JSONValue, _ list: String, _ name: String) -> Quantity? {
        guard let quantity = container["resources", list, name]?.string.flatMap({ Quantity($0) }), !quantity.isZero else { return nil }
        return quantity
    }
}
