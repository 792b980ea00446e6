import KubeModel

extension Pod {
    /// Fills in what the API server would have (`SetDefaults_Pod`), as far as the agent and the clients of its endpoint see it.
    mutating func applyDefaults() {
        spec.restartPolicy = spec.restartPolicy ?? .always
        spec.dnsPolicy = spec.dnsPolicy ?? .clusterFirst
        spec.terminationGracePeriodSeconds = spec.terminationGracePeriodSeconds ?? 30
        spec.enableServiceLinks = spec.enableServiceLinks ?? true
        spec.schedulerName = spec.schedulerName ?? "default-scheduler"
        let isOnHost = spec.hostNetwork == true
        spec.initContainers = spec.initContainers?.map { $0.withDefaults(hostNetwork: isOnHost) }
        spec.volumes = spec.volumes?.map { volume in
            var volume = volume
            if let image = volume.image, image.pullPolicy == nil {
                volume.image?.pullPolicy = Container.defaultPullPolicy(image.reference ?? "")
            }
            return volume
        }
        spec.containers = spec.containers.map { $0.withDefaults(hostNetwork: isOnHost) }
    }
}

extension Container {
    fileprivate func withDefaults(hostNetwork: Bool) -> Container {
        var container = self
        container.imagePullPolicy = imagePullPolicy ?? Self.defaultPullPolicy(image ?? "")
        container.terminationMessagePath = terminationMessagePath ?? "/dev/termination-log"
        container.terminationMessagePolicy = terminationMessagePolicy ?? "File"
        container.ports = ports?.map { port in
            var port = port
            port.protocol = port.protocol ?? "TCP"
            if hostNetwork, port.hostPort ?? 0 == 0 { port.hostPort = port.containerPort }
            return port
        }
        if let limits = resources?.limits { container.resources?.requests = limits.merging(resources?.requests ?? [:]) { $1 } }
        container.livenessProbe = livenessProbe?.withDefaults
        container.readinessProbe = readinessProbe?.withDefaults
        container.startupProbe = startupProbe?.withDefaults
        container.lifecycle?.postStart?.httpGet = lifecycle?.postStart?.httpGet?.withDefaults
        container.lifecycle?.preStop?.httpGet = lifecycle?.preStop?.httpGet?.withDefaults
        return container
    }

    fileprivate static func defaultPullPolicy(_ image: String) -> ImagePullPolicy { isLatest(image) ? .always : .ifNotPresent }

    /// Whether the image's tag is `latest`, which is the tag of an image without tag and digest.
    private static func isLatest(_ image: String) -> Bool {
        let parts = image.split(separator: "@", maxSplits: 1)
        // A colon before the last slash belongs to the registry's port.
        guard let name = parts.first?.split(separator: "/").last, let colon = name.lastIndex(of: ":") else { return parts.count < 2 }
        return name[name.index(after: colon)...] == "latest"
    }
}

extension Probe {
    fileprivate var withDefaults: Probe {
        var probe = self
        probe.timeoutSeconds = timeoutSeconds ?? 1
        probe.periodSeconds = periodSeconds ?? 10
        probe.successThreshold = successThreshold ?? 1
        probe.failureThreshold = failureThreshold ?? 3
        probe.httpGet = httpGet?.withDefaults
        return probe
    }
}

extension HTTPGetAction {
    fileprivate var withDefaults: HTTPGetAction {
        var action = self
        action.path = path ?? "/"
        action.scheme = scheme ?? "HTTP"
        return action
    }
}
