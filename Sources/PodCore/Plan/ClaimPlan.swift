package import KubeModel

/// Leads from a volume of a pod over its claim to the storage behind it, with kubelet's conditions and messages
/// (`desired_state_of_world_populator`).
package struct ClaimPlan: Sendable {
    /// A claim with this finalizer stays until the last pod that uses it is gone.
    private static let protection = "kubernetes.io/pvc-protection"
    private static let optionsAnnotation = "volume.beta.kubernetes.io/mount-options"
    private static let groupAnnotation = "pv.beta.kubernetes.io/gid"

    private let volume: Volume
    private let pod: Pod
    private let claimName: String
    private let node: NodeAffinityRules

    /// `nil` for a volume without a claim.
    package init?(_ volume: Volume, pod: Pod, nodeName: String, nodeLabels: [String: String]) {
        guard let claimName = volume.claimName(podName: pod.name) else { return nil }
        self.volume = volume
        self.pod = pod
        self.claimName = claimName
        node = NodeAffinityRules(nodeName: nodeName, labels: nodeLabels)
    }

    /// Returns the volume's content on this node.
    ///
    /// A failure of code `.waiting` may end by itself: the claim can be made, bound, or replaced.
    package func content(_ found: BoundClaim?) throws(VolumeFailure) -> VolumeContent {
        let storage = try boundVolume(found)
        let mode = storage.spec.volumeMode.flatMap { $0.isEmpty ? nil : $0 } ?? "Filesystem"
        let isBlock = mode == "Block"
        if isBlock ? isMounted : isDevice {
            throw VolumeFailure(
                .invalid, "volume \(volume.name) has volumeMode \(mode), but is specified in \(isBlock ? "volumeMounts" : "volumeDevices")")
        }
        if let required = storage.spec.nodeAffinity?.required, !node.match(required) {
            throw VolumeFailure(
                .invalid,
                "MountVolume.NodeAffinity check failed: no matching NodeSelectorTerms: PersistentVolume \(storage.name) belongs to another node")
        }
        return isBlock ? .block(path: try disk(of: storage)) : try content(of: storage)
    }

    /// The supplementary group for processes that use the storage; `nil` for storage without one. What is not a group counts for nothing, as in kubelet.
    package static func group(of storage: PersistentVolume) -> UInt32? {
        storage.metadata.annotations?[groupAnnotation].flatMap { UInt32($0) }
    }

    /// Whether one pod of the node may use the storage at a time. Storage with several access modes does not say which of them a pod means.
    package static func isExclusive(_ storage: PersistentVolume) -> Bool { storage.spec.accessModes == ["ReadWriteOncePod"] }

    // MARK: - The claim

    private func boundVolume(_ found: BoundClaim?) throws(VolumeFailure) -> PersistentVolume {
        guard let found else { throw waiting("failed to fetch PVC from API server: persistentvolumeclaims \"\(claimName)\" not found") }
        let claim = found.claim
        // Without protection the claim, and its volume with it, may be gone at any moment.
        if claim.metadata.deletionTimestamp != nil, claim.metadata.finalizers?.contains(Self.protection) != true {
            throw waiting("PVC is being deleted")
        }
        guard claim.status?.phase == "Bound" else { throw waiting("PVC is not bound: its phase is \(claim.status?.phase ?? "not set")") }
        guard let name = claim.spec.volumeName, !name.isEmpty else { throw waiting("PVC has empty pvc.Spec.VolumeName") }
        if volume.persistentVolumeClaim == nil, !isOwnedByPod(claim) {
            throw VolumeFailure(
                .waiting,
                "PVC \(pod.namespace)/\(claimName) was not created for pod \(pod.namespace)/\(pod.name) (pod is not owner)")
        }
        guard let storage = found.volume else {
            throw waiting("failed to fetch PV \(name) from API server: persistentvolumes \"\(name)\" not found")
        }
        guard let reference = storage.spec.claimRef else {
            throw waiting("found PV object \(name) but it has a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim")
        }
        guard reference.uid == claim.uid else {
            throw waiting(
                "found PV object \(name) but its pv.Spec.ClaimRef.UID \(reference.uid ?? "") does not point to claim.UID \(claim.uid)")
        }
        return storage
    }

    private func waiting(_ message: String) -> VolumeFailure {
        VolumeFailure(.waiting, "error processing PVC \(pod.namespace)/\(claimName): \(message)")
    }

    private func isOwnedByPod(_ claim: PersistentVolumeClaim) -> Bool {
        claim.metadata.ownerReferences?.contains { $0.controller == true && $0.uid == pod.uid } ?? false
    }

    private var isMounted: Bool { containers.contains { $0.volumeMounts?.contains { $0.name == volume.name } ?? false } }
    private var isDevice: Bool { containers.contains { $0.volumeDevices?.contains { $0.name == volume.name } ?? false } }
    private var containers: [Container] { (pod.spec.initContainers ?? []) + pod.spec.containers + (pod.spec.ephemeralContainers ?? []) }

    // MARK: - The storage

    private func content(of storage: PersistentVolume) throws(VolumeFailure) -> VolumeContent {
        let isReadOnly = volume.persistentVolumeClaim?.readOnly ?? false
        let options = Self.options(of: storage)
        if let source = storage.spec.nfs {
            return .nfs(
                NFSExport(server: source.server, path: source.path, isReadOnly: isReadOnly, options: options, folder: folder(of: storage)))
        }
        if let source = storage.spec.local {
            let type = source.fsType.flatMap { $0.isEmpty ? nil : $0 } ?? "ext4"
            return .local(
                LocalStorage(path: source.path, fileSystem: type, isReadOnly: isReadOnly, options: options, folder: folder(of: storage)))
        }
        if let source = storage.spec.hostPath {
            guard options.isEmpty else {
                throw VolumeFailure(
                    .invalid, "MountVolume.MountOptionSupport check failed: mount options are not supported for this volume type (hostPath)")
            }
            return .hostPath(path: source.path, type: source.type ?? "")
        }
        throw VolumeFailure(
            .invalid,
            "PersistentVolume \(storage.name) is of kind \(storage.spec.kindName), wanted nfs, local or hostPath: no other is supported by this node")
    }

    private func disk(of storage: PersistentVolume) throws(VolumeFailure) -> String {
        guard let source = storage.spec.local else {
            throw VolumeFailure(
                .invalid,
                "PersistentVolume \(storage.name) has volumeMode Block and is of kind \(storage.spec.kindName), wanted local: no other is supported by this node"
            )
        }
        return source.path
    }

    /// The annotation is the older form, and wins.
    private static func options(of storage: PersistentVolume) -> [String] {
        let annotation = storage.metadata.annotations?[optionsAnnotation].map { $0.split(separator: ",").map(String.init) }
        return (annotation ?? storage.spec.mountOptions ?? []).filter { !$0.isEmpty }
    }

    /// Kubelet names the folder after the PersistentVolume. A second volume of the pod with the same claim gets a folder of its own, since it may be
    /// read-only and the first is not.
    private func folder(of storage: PersistentVolume) -> String {
        let first = pod.spec.volumes?.first { $0.claimName(podName: pod.name) == claimName }
        return first?.name == volume.name ? storage.name : volume.name
    }
}

extension PersistentVolumeSpec {
    fileprivate var kindName: String {
        if nfs != nil { return "nfs" }
        if hostPath != nil { return "hostPath" }
        if csi != nil { return "csi" }
        if iscsi != nil { return "iscsi" }
        if fc != nil { return "fc" }
        if flexVolume != nil { return "flexVolume" }
        if cephfs != nil { return "cephfs" }
        if rbd != nil { return "rbd" }
        if glusterfs != nil { return "glusterfs" }
        return "unknown"
    }
}
