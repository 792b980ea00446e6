/// `core/v1 PersistentVolume`: storage of the cluster, and how a node gets at it.
package struct PersistentVolume: KubeObject, Hashable {
    package static let resource = ResourceKind(plural: "persistentvolumes", kind: "PersistentVolume", isNamespaced: false)

    package var metadata: ObjectMeta
    package var spec: PersistentVolumeSpec
}

package struct PersistentVolumeSpec: Sendable, Hashable, Codable {
    package struct ClaimReference: Sendable, Hashable, Codable {
        package var namespace: String?
        package var name: String?
        package var uid: String?
    }

    package struct NodeAffinity: Sendable, Hashable, Codable {
        package var required: NodeSelector?
    }

    package var claimRef: ClaimReference?
    package var accessModes: [String]?
    /// `Filesystem` or `Block`; `Filesystem` when absent.
    package var volumeMode: String?
    package var mountOptions: [String]?
    package var nodeAffinity: NodeAffinity?

    // Exactly one source.
    package var nfs: NFSVolumeSource?
    package var hostPath: HostPathVolumeSource?
    package var local: LocalVolumeSource?
    package var csi: UnsupportedVolumeSource?
    package var iscsi: UnsupportedVolumeSource?
    package var fc: UnsupportedVolumeSource?
    package var flexVolume: UnsupportedVolumeSource?
    package var cephfs: UnsupportedVolumeSource?
    package var rbd: UnsupportedVolumeSource?
    package var glusterfs: UnsupportedVolumeSource?
}

/// A disk or a directory of one node.
package struct LocalVolumeSource: Sendable, Hashable, Codable {
    package var path: String
    /// The file system on a disk; `ext4` when absent.
    package var fsType: String?
}
