import KubeModel
import PodCore

extension Pod {
    /// The pod as its record holds it: without what changes with every write to the API server.
    var recalledForm: Pod {
        var pod = self
        pod.metadata.resourceVersion = nil
        return pod
    }

    /// The records that a start of this pod needs, apart from the pod's own; none for a pod that is over.
    var neededRecords: Set<RecordName> {
        guard status?.phase?.isTerminal != true else { return [] }
        let names = ObjectNames(pod: self)
        var records: Set<RecordName> = [.services]
        for name in names.configMaps { records.insert(.configMap(namespace, name)) }
        for name in names.secrets { records.insert(.secret(namespace, name)) }
        for name in names.claims { records.insert(.claim(namespace, name)) }
        if let name = spec.runtimeClassName, !name.isEmpty { records.insert(.runtimeClass(name)) }
        for projection in (spec.volumes ?? []).flatMap(VolumePlan.tokenRequests) { records.insert(.token(podUID: uid, projection)) }
        return records
    }
}

extension Node {
    /// Taints by which the control plane says that it does not hear the node: they describe the past once the node starts again.
    private static let passingTaints: Set<String> = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"]

    /// The node as its record holds it: what pods are admitted by, their ranges and addresses. Heartbeats change nothing of it.
    var recalledForm: Node {
        var node = Node(metadata: metadata, spec: spec ?? Spec(), status: NodeStatus())
        node.metadata.resourceVersion = nil
        node.spec?.taints = spec?.taints?.filter { !Self.passingTaints.contains($0.key) }
        node.status?.capacity = status?.capacity
        node.status?.allocatable = status?.allocatable
        node.status?.addresses = status?.addresses
        return node
    }
}

extension BoundClaim {
    /// Claim and volume without what changes with every write to the API server.
    var recalledForm: BoundClaim {
        var form = self
        form.claim.metadata.resourceVersion = nil
        form.volume?.metadata.resourceVersion = nil
        return form
    }
}

extension Service {
    /// The Service as containers' environments show it.
    var recalledForm: Service {
        var spec = ServiceSpec()
        spec.clusterIP = self.spec?.clusterIP
        spec.ports = self.spec?.ports
        return Service(metadata: ObjectMeta(name: name, namespace: namespace), spec: spec)
    }
}

extension RecordName {
    static let services = RecordName(.services, "cluster")

    static func pod(_ uid: String) -> RecordName { RecordName(.pod, uid) }
    static func eviction(_ podUID: String) -> RecordName { RecordName(.eviction, podUID) }
    static func node(_ name: String) -> RecordName { RecordName(.node, name) }
    static func configMap(_ namespace: String, _ name: String) -> RecordName { RecordName(.configMap, namespace, name) }
    static func secret(_ namespace: String, _ name: String) -> RecordName { RecordName(.secret, namespace, name) }
    static func claim(_ namespace: String, _ name: String) -> RecordName { RecordName(.claim, namespace, name) }
    static func runtimeClass(_ name: String) -> RecordName { RecordName(.runtimeClass, name) }

    static func token(podUID: String, _ projection: VolumeProjection.ServiceAccountToken) -> RecordName {
        RecordName(.token, podUID, "\(projection.expirationSeconds ?? 0) \(projection.audience ?? "")")
    }
}
