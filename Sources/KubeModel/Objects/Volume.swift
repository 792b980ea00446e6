/// `core/v1 Volume`: a name and exactly one source.
package struct Volume: Sendable, Hashable, Codable {
    package var name: String
    package var hostPath: HostPathVolumeSource?
    package var emptyDir: EmptyDirVolumeSource?
    package var configMap: ConfigMapVolumeSource?
    package var secret: SecretVolumeSource?
    package var downwardAPI: DownwardAPIVolumeSource?
    package var projected: ProjectedVolumeSource?
    package var nfs: NFSVolumeSource?
    package var persistentVolumeClaim: PersistentVolumeClaimVolumeSource?
    package var image: ImageVolumeSource?
    package var csi: UnsupportedVolumeSource?
    package var ephemeral: EphemeralVolumeSource?
    package var iscsi: UnsupportedVolumeSource?
    package var fc: UnsupportedVolumeSource?
    package var flexVolume: UnsupportedVolumeSource?
    package var gitRepo: UnsupportedVolumeSource?

    /// Whether the volume's files come from API objects and follow them.
    package var hasFiles: Bool { configMap != nil || secret != nil || downwardAPI != nil || projected != nil }

    /// Whether files of the volume show fields of its pod.
    package var hasPodFields: Bool { downwardAPI != nil || projected?.sources?.contains { $0.downwardAPI != nil } == true }
}

/// A source that is recognised, so that its pod can be refused by name, but whose fields are not read.
package struct UnsupportedVolumeSource: Sendable, Hashable, Codable {}

package struct HostPathVolumeSource: Sendable, Hashable, Codable {
    package var path: String
    /// Empty, `DirectoryOrCreate`, `Directory`, `FileOrCreate`, `File`, `Socket`, `CharDevice` or `BlockDevice`.
    package var type: String?
}

package struct EmptyDirVolumeSource: Sendable, Hashable, Codable {
    /// Empty for disk, `Memory`, `HugePages` or `HugePages-<size>`.
    package var medium: String?
    package var sizeLimit: Quantity?
}

package struct KeyToPath: Sendable, Hashable, Codable {
    package var key: String
    package var path: String
    package var mode: Int?
}

package struct ConfigMapVolumeSource: Sendable, Hashable, Codable {
    package var name: String?
    package var items: [KeyToPath]?
    package var defaultMode: Int?
    package var optional: Bool?
}

package struct SecretVolumeSource: Sendable, Hashable, Codable {
    package var secretName: String?
    package var items: [KeyToPath]?
    package var defaultMode: Int?
    package var optional: Bool?
}

package struct DownwardAPIVolumeSource: Sendable, Hashable, Codable {
    package var items: [DownwardAPIVolumeFile]?
    package var defaultMode: Int?
}

package struct DownwardAPIVolumeFile: Sendable, Hashable, Codable {
    package var path: String
    package var fieldRef: ObjectFieldSelector?
    package var resourceFieldRef: ResourceFieldSelector?
    package var mode: Int?
}

package struct ProjectedVolumeSource: Sendable, Hashable, Codable {
    package var sources: [VolumeProjection]?
    package var defaultMode: Int?
}

package struct VolumeProjection: Sendable, Hashable, Codable {
    package struct KeyedObject: Sendable, Hashable, Codable {
        package var name: String?
        package var items: [KeyToPath]?
        package var optional: Bool?
    }

    package struct DownwardAPI: Sendable, Hashable, Codable {
        package var items: [DownwardAPIVolumeFile]?
    }

    package struct ServiceAccountToken: Sendable, Hashable, Codable {
        package var audience: String?
        package var expirationSeconds: Int64?
        package var path: String
    }

    package var secret: KeyedObject?
    package var configMap: KeyedObject?
    package var downwardAPI: DownwardAPI?
    package var serviceAccountToken: ServiceAccountToken?
    package var clusterTrustBundle: UnsupportedVolumeSource?
    package var podCertificate: UnsupportedVolumeSource?
}

package struct NFSVolumeSource: Sendable, Hashable, Codable {
    package var server: String
    package var path: String
    package var readOnly: Bool?
}

package struct PersistentVolumeClaimVolumeSource: Sendable, Hashable, Codable {
    package var claimName: String
    package var readOnly: Bool?
}

/// A claim of the pod's own, which the control plane makes from a template. The node reads only the claim.
package struct EphemeralVolumeSource: Sendable, Hashable, Codable {}

package struct ImageVolumeSource: Sendable, Hashable, Codable {
    package var reference: String?
    package var pullPolicy: ImagePullPolicy?
}
