import KubeModel

/// Adds to a pod: service account, its token volume, priority and the default tolerations.
enum PodAdmission {
    static let mirrorAnnotation = "kubernetes.io/config.mirror"

    static func isMirror(_ pod: JSONValue) -> Bool { pod["metadata", "annotations", mirrorAnnotation] != nil }

    static func admit(_ pod: inout JSONValue, _ store: isolated ObjectStore) throws {
        if !isMirror(pod) { try serviceAccount(&pod, store) }
        try priority(&pod, store)
        try runtimeClass(&pod, store)
        pod.edit("spec", tolerations)
    }

    private static func serviceAccount(_ pod: inout JSONValue, _ store: isolated ObjectStore) throws {
        let named = pod.text("spec", "serviceAccountName")
        let name = named.isEmpty ? (pod.text("spec", "serviceAccount").isEmpty ? "default" : pod.text("spec", "serviceAccount")) : named
        pod["spec", "serviceAccountName"] = .string(name)
        pod["spec", "serviceAccount"] = .string(name)
        guard let account = store.get(.serviceAccounts, ObjectKey(namespace: pod.namespace, name: name)) else {
            throw APIError(
                code: 403, reason: "Forbidden",
                message:
                    "pods \"\(pod.name)\" is forbidden: error looking up service account \(pod.namespace)/\(name): serviceaccount \"\(name)\" not found",
                details: ["name": .string(pod.name), "kind": "pods"])
        }
        if pod["spec"]?.list("imagePullSecrets").isEmpty ?? true, let secrets = account["imagePullSecrets"] {
            pod["spec", "imagePullSecrets"] = secrets
        }
        let mounts = pod["spec", "automountServiceAccountToken"]?.bool ?? account["automountServiceAccountToken"]?.bool ?? true
        if mounts { mountToken(&pod) }
    }

    private static func mountToken(_ pod: inout JSONValue) {
        let path = "/var/run/secrets/kubernetes.io/serviceaccount"
        // A container that mounts something at that path keeps its mount; when every container does, the pod gets no volume.
        let present = pod["spec"]?.list("volumes").first { $0.text("name").hasPrefix("kube-api-access-") }?.text("name")
        let volume = present ?? "kube-api-access-\(NameSuffix.random())"
        var isNeeded = false
        pod.edit("spec") { spec in
            for list in ["initContainers", "containers"] {
                spec.editEach(list) { container in
                    guard !container.list("volumeMounts").contains(where: { $0.text("mountPath") == path }) else { return }
                    isNeeded = true
                    container.append(["name": .string(volume), "readOnly": true, "mountPath": .string(path)], to: "volumeMounts")
                }
            }
            guard isNeeded, present == nil else { return }
            spec.append(
                [
                    "name": .string(volume),
                    "projected": [
                        "defaultMode": 420,
                        "sources": [
                            ["serviceAccountToken": ["expirationSeconds": 3607, "path": "token"]],
                            ["configMap": ["name": "kube-root-ca.crt", "items": [["key": "ca.crt", "path": "ca.crt"]]]],
                            [
                                "downwardAPI": [
                                    "items": [["path": "namespace", "fieldRef": ["apiVersion": "v1", "fieldPath": "metadata.namespace"]]]
                                ]
                            ],
                        ],
                    ],
                ], to: "volumes")
        }
    }

    private static func priority(_ pod: inout JSONValue, _ store: isolated ObjectStore) throws {
        var value: JSONValue = 0
        var policy: JSONValue = "PreemptLowerPriority"
        var name = pod.text("spec", "priorityClassName")
        if name.isEmpty {
            if let preferred = store.list(.priorityClasses).first(where: { $0["globalDefault"]?.bool == true }) {
                name = preferred.name
                pod["spec", "priorityClassName"] = .string(name)
            }
        }
        if !name.isEmpty {
            guard let priorityClass = store.get(.priorityClasses, ObjectKey(namespace: "", name: name)) else {
                throw APIError.refused("pods \"\(pod.name)\" is forbidden: no PriorityClass with name \(name) was found")
            }
            value = priorityClass["value"] ?? 0
            policy = priorityClass["preemptionPolicy"] ?? policy
        }
        pod["spec", "priority"] = value
        if pod["spec", "preemptionPolicy"] == nil { pod["spec", "preemptionPolicy"] = policy }
    }

    private static func runtimeClass(_ pod: inout JSONValue, _ store: isolated ObjectStore) throws {
        let name = pod.text("spec", "runtimeClassName")
        guard !name.isEmpty else { return }
        guard let runtimeClass = store.get(.runtimeClasses, ObjectKey(namespace: "", name: name)) else {
            throw APIError.refused("pods \"\(pod.name)\" is forbidden: pod rejected: RuntimeClass \"\(name)\" not found")
        }
        if let overhead = runtimeClass["overhead", "podFixed"] { pod["spec", "overhead"] = overhead }
    }

    /// Five minutes on a node that is not ready or not reachable, unless the pod says otherwise.
    private static func tolerations(_ spec: inout JSONValue) {
        for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
            let isTolerated = spec.list("tolerations").contains { toleration in
                let named = toleration.text("key")
                let effect = toleration.text("effect")
                return (named == key || named.isEmpty) && (effect == "NoExecute" || effect.isEmpty)
            }
            if isTolerated { continue }
            spec.append(["key": .string(key), "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300], to: "tolerations")
        }
    }
}
