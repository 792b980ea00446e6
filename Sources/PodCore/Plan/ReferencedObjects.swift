package import KubeModel

/// The ConfigMaps and Secrets of a pod's namespace that exist, of the ones asked for.
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

/// Names of ConfigMaps and Secrets that a container, a volume or a pod refers to.
package struct ObjectNames: Sendable, Hashable {
    package var configMaps: Set<String> = []
    package var secrets: Set<String> = []

    package init() {}

    package init(configMap name: String) { configMaps = [name] }

    package init(secret name: String) { secrets = [name] }

    /// The objects that a container's environment refers to.
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

    /// The objects that a volume's files refer to.
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

    /// All objects that a pod refers to, pull secrets included.
    package init(pod: Pod) {
        for container in (pod.spec.initContainers ?? []) + pod.spec.containers { formUnion(ObjectNames(environmentOf: container)) }
        for volume in pod.spec.volumes ?? [] { formUnion(ObjectNames(volume: volume)) }
        for secret in pod.spec.imagePullSecrets ?? [] { if let name = secret.name { secrets.insert(name) } }
    }
}
