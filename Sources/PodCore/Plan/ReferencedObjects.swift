package import KubeModel

/// The ConfigMaps, Secrets and claims of a pod's namespace that exist, of the ones asked for.
package struct ReferencedObjects: Sendable {
    package var configMaps: [String: ConfigMap]
    package var secrets: [String: Secret]
    /// By the claim's name.
    package var claims: [String: BoundClaim]

    package init(configMaps: [String: ConfigMap] = [:], secrets: [String: Secret] = [:], claims: [String: BoundClaim] = [:]) {
        self.configMaps = configMaps
        self.secrets = secrets
        self.claims = claims
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

/// Names of ConfigMaps, Secrets and claims that a container, a volume or a pod refers to.
package struct ObjectNames: Sendable, Hashable {
    package var configMaps: Set<String> = []
    package var secrets: Set<String> = []
    package var claims: Set<String> = []

    package init() {}

    package var isEmpty: Bool { configMaps.isEmpty && secrets.isEmpty && claims.isEmpty }

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

    /// The objects that a volume's files or its claim refer to.
    package init(volume: Volume, podName: String) {
        if let name = volume.claimName(podName: podName) { claims.insert(name) }
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
        claims.formUnion(other.claims)
    }

    /// All objects that a pod refers to, pull secrets included.
    package init(pod: Pod) {
        for container in (pod.spec.initContainers ?? []) + pod.spec.containers { formUnion(ObjectNames(environmentOf: container)) }
        for volume in pod.spec.volumes ?? [] { formUnion(ObjectNames(volume: volume, podName: pod.name)) }
        for secret in pod.spec.imagePullSecrets ?? [] { if let name = secret.name { secrets.insert(name) } }
    }
}
