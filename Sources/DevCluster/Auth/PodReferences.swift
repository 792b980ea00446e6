import KubeModel

/// The objects that a pod names, which its node may therefore read.
enum PodReferences {
    static func names(of resource: String, in pod: JSONValue) -> Set<String> {
        guard let spec = pod["spec"] else { return [] }
        switch resource {
        case "serviceaccounts": return [spec.text("serviceAccountName")]
        case "persistentvolumeclaims":
            // The claim of an ephemeral volume has the names of pod and volume.
            return volumes(spec) { [$0["ephemeral"] == nil ? $0.text("persistentVolumeClaim", "claimName") : "\(pod.name)-\($0.text("name"))"] }
        case "secrets":
            return volumes(spec) { [$0.text("secret", "secretName")] + projected($0, "secret") }
                .union(environment(spec, "secretKeyRef", "secretRef"))
                .union(spec.list("imagePullSecrets").map { $0.text("name") })
        case "configmaps":
            return volumes(spec) { [$0.text("configMap", "name")] + projected($0, "configMap") }
                .union(environment(spec, "configMapKeyRef", "configMapRef"))
        default: return []
        }
    }

    private static func volumes(_ spec: JSONValue, _ names: (JSONValue) -> [String]) -> Set<String> { Set(spec.list("volumes").flatMap(names)) }

    private static func projected(_ volume: JSONValue, _ source: String) -> [String] {
        (volume["projected"]?.list("sources") ?? []).map { $0.text(source, "name") }
    }

    private static func environment(_ spec: JSONValue, _ key: String, _ whole: String) -> Set<String> {
        var names: Set<String> = []
        for container in ["initContainers", "containers", "ephemeralContainers"].flatMap({ spec.list($0) }) {
            for variable in container.list("env") { names.insert(variable.text("valueFrom", key, "name")) }
            for source in container.list("envFrom") { names.insert(source.text(whole, "name")) }
        }
        return names
    }
}
