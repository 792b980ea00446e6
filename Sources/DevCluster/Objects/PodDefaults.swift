import KubeModel

/// The defaults that an API server writes into a pod's spec.
enum PodDefaults {
    static func apply(to pod: inout JSONValue) {
        pod.edit("spec") { spec in
            spec.setDefault("restartPolicy", "Always")
            spec.setDefault("dnsPolicy", "ClusterFirst")
            spec.setDefault("schedulerName", "default-scheduler")
            spec.setDefault("securityContext", [:])
            spec.setDefault("terminationGracePeriodSeconds", 30)
            spec.setDefault("enableServiceLinks", true)
            let hostNetwork = spec["hostNetwork"]?.bool == true
            for list in ["initContainers", "containers"] {
                spec.editEach(list) { container in
                    Self.container(&container)
                    if hostNetwork {
                        container.editEach("ports") { port in
                            if port["hostPort"] == nil { port["hostPort"] = port["containerPort"] }
                        }
                    }
                }
            }
            spec.editEach("ephemeralContainers", Self.container)
            spec.editEach("volumes", Self.volume)
            spec.edit("resources", Self.resources)
            spec.edit("overhead", Self.quantities)
        }
    }

    static func container(_ container: inout JSONValue) {
        container.setDefault("imagePullPolicy", .string(pullPolicy(container.text("image"))))
        container.setDefault("terminationMessagePath", "/dev/termination-log")
        container.setDefault("terminationMessagePolicy", "File")
        container.setDefault("resources", [:])
        container.edit("resources", resources)
        container.editEach("ports") { $0.setDefault("protocol", "TCP") }
        for probe in ["livenessProbe", "readinessProbe", "startupProbe"] { container.edit(probe, Self.probe) }
        container.edit("lifecycle") { lifecycle in
            for hook in ["postStart", "preStop"] { lifecycle.edit(hook) { $0.edit("httpGet", Self.httpGet) } }
        }
        container.editEach("env") { variable in
            variable.edit("valueFrom") { source in
                source.edit("fieldRef") { $0.setDefault("apiVersion", "v1") }
                source.edit("resourceFieldRef") { $0.setDefault("divisor", "0") }
            }
        }
    }

    /// `Always` for the tag latest, written or implied; a digest never changes.
    private static func pullPolicy(_ image: String) -> String {
        if image.contains("@") { return "IfNotPresent" }
        let last = image.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
        let parts = last.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count < 2 || parts[1] == "latest" ? "Always" : "IfNotPresent"
    }

    private static func probe(_ probe: inout JSONValue) {
        probe.setDefault("timeoutSeconds", 1)
        probe.setDefault("periodSeconds", 10)
        probe.setDefault("successThreshold", 1)
        probe.setDefault("failureThreshold", 3)
        probe.edit("httpGet", httpGet)
        probe.edit("grpc") { $0.setDefault("service", "") }
    }

    private static func httpGet(_ action: inout JSONValue) {
        action.setDefault("path", "/")
        action.setDefault("scheme", "HTTP")
    }

    /// Writes quantities canonically and gives every limit without a request that request.
    static func resources(_ resources: inout JSONValue) {
        for list in ["limits", "requests"] { resources.edit(list, quantities) }
        guard let limits = resources["limits"]?.object, !limits.isEmpty else { return }
        resources.setDefault("requests", [:])
        resources.edit("requests") { requests in
            for (name, limit) in limits { requests.setDefault(name, limit) }
        }
    }

    static func quantities(_ list: inout JSONValue) {
        for (name, value) in list.object ?? [:] { list[name] = QuantityText.canonical(value) }
    }

    private static func volume(_ volume: inout JSONValue) {
        if volume.object?.keys.allSatisfy({ $0 == "name" }) == true { volume["emptyDir"] = [:] }
        for source in ["secret", "configMap"] { volume.edit(source) { $0.setDefault("defaultMode", 420) } }
        volume.edit("hostPath") { $0.setDefault("type", "") }
        volume.edit("downwardAPI", downwardAPI)
        volume.edit("emptyDir") { emptyDir in
            if let limit = emptyDir["sizeLimit"] { emptyDir["sizeLimit"] = QuantityText.canonical(limit) }
        }
        volume.edit("projected") { projected in
            projected.setDefault("defaultMode", 420)
            projected.editEach("sources") { source in
                source.edit("serviceAccountToken") { $0.setDefault("expirationSeconds", 3600) }
                source.edit("downwardAPI", downwardItems)
            }
        }
    }

    private static func downwardAPI(_ source: inout JSONValue) {
        source.setDefault("defaultMode", 420)
        downwardItems(&source)
    }

    private static func downwardItems(_ source: inout JSONValue) {
        source.editEach("items") { item in
            item.edit("fieldRef") { $0.setDefault("apiVersion", "v1") }
            item.edit("resourceFieldRef") { $0.setDefault("divisor", "0") }
        }
    }
}
