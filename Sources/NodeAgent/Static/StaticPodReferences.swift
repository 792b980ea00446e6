import KubeModel

/// Static pods run without the API server, so that nothing of theirs may come from it. The names are kubelet's (`PreventStaticPodAPIReferences`).
enum StaticPodReferences {
    static func check(_ pod: JSONValue) throws(ManifestProblem) {
        guard let found = first(in: pod["spec"] ?? .null) else { return }
        throw ManifestProblem("static pods may not reference \(found): remove the reference, or create the pod in the API instead")
    }

    private static func first(in spec: JSONValue) -> String? {
        if spec["serviceAccountName"]?.string?.isEmpty == false || spec["serviceAccount"]?.string?.isEmpty == false { return "serviceaccounts" }
        let volumes = spec["volumes"]?.array ?? []
        let projections = volumes.flatMap { $0["projected", "sources"]?.array ?? [] }
        let containers = ["initContainers", "containers"].flatMap { spec[$0]?.array ?? [] }
        let imports = containers.flatMap { $0["envFrom"]?.array ?? [] }
        let variables = containers.flatMap { $0["env"]?.array ?? [] }.compactMap { $0["valueFrom"] }
        func uses(_ reference: String, _ key: String, _ volume: String) -> Bool {
            imports.contains { $0[reference] != nil } || variables.contains { $0[key] != nil }
                || (volumes + projections).contains { $0[volume] != nil }
        }
        if uses("secretRef", "secretKeyRef", "secret") || spec["imagePullSecrets"]?.array?.isEmpty == false || volumes.contains(where: hasSecret) {
            return "secrets"
        }
        if uses("configMapRef", "configMapKeyRef", "configMap") { return "configmaps" }
        if spec["resourceClaims"]?.array?.isEmpty == false { return "resourceclaims" }
        let names = [
            ("csi", "csidrivers (via CSI volumes)"), ("glusterfs", "endpoints (via glusterFS volumes)"),
            ("persistentVolumeClaim", "persistentvolumeclaims"), ("ephemeral", "persistentvolumeclaims (via ephemeral volumes)"),
            ("serviceAccountToken", "serviceaccounts (via projected volumes)"), ("clusterTrustBundle", "clustertrustbundles"),
            ("podCertificate", "podcertificates"),
        ]
        return names.first { name in (volumes + projections).contains { $0[name.0] != nil } }?.1
    }

    /// Whether a source of the volume names a Secret for its own access: `azureFile`, `rbd`, `csi` and others.
    private static func hasSecret(_ volume: JSONValue) -> Bool {
        guard let members = volume.object else { return false }
        return members["azureFile"] != nil
            || members.values.contains { source in ["secretRef", "nodePublishSecretRef"].contains { source[$0]?.isNull == false } }
    }
}
