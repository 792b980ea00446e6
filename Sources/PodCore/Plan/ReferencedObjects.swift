package import KubeModel

/// ConfigMaps and Secrets of a pod's namespace, as far as they exist.
package struct ReferencedObjects: Sendable {
    package var configMaps: [String: ConfigMap]
    package var secrets: [String: Secret]

    package init(configMaps: [String: ConfigMap] = [:], secrets: [String: Secret] = [:]) {
        self.configMaps = configMaps
        self.secrets = secrets
    }

    func configMap(_ name: String) throws(PlanFailure) -> ConfigMap {
        guard let found = configMaps[name] else { throw PlanFailure("configmap \"\(name)\" not found") }
        return found
    }

    func secret(_ name: String) throws(PlanFailure) -> Secret {
        guard let found = secrets[name] else { throw PlanFailure("secret \"\(name)\" not found") }
        return found
    }
}

/// Names of the ConfigMaps and Secrets that something refers to.
package struct ObjectNames: Sendable, Hashable {
    package var configMaps: Set<String> = []
    package var secrets: Set<String> = []

    package init() {}

    /// What a container's environment needs.
    package init(environmentOf container: Container) {
        for source in container.envFrom ?? [] {
            if let name = source.configMapRef?.name { configMaps.insert(name) }
            if let name = source.secretRef?.name { secrets.insert(name) }
        }
        for variable in container.env ?? [] {
            if let name = variable.valueFrom?.configMapKeyRef?.name { configMaps.insert(name) }
            if let name = variable.valueFrom?.secretKeyRef?.name { secrets.insert(name) }
        }
    }

    /// What a volume's files need.
    package init(volume: Volume) {
        if let name = volume.configMap?.name { configMaps.insert(name) }
        if let name = volume.secret?.secretName { secrets.insert(name) }
        for source in volume.projected?.sources ?? [] {
            if let name = source.configMap?.name { configMaps.insert(name) }
            if let name = source.secret?.name { secrets.insert(name) }
        }
    }

    package mutating func formUnion(_ other: ObjectNames) {
        configMaps.formUnion(other.configMaps)
        secrets.formUnion(other.secrets)
    }

    /// Everything that a pod refers to, pull secrets included.
    package init(pod: Pod) {
        for container in (pod.spec.initContainers ?? []) + pod.spec.containers { formUnion(ObjectNames(environmentOf: container)) }
        for volume in pod.spec.volumes ?? [] { formUnion(ObjectNames(volume: volume)) }
        for secret in pod.spec.imagePullSecrets ?? [] { if let name = secret.name { secrets.insert(name) } }
    }
}
