/// `core/v1 PersistentVolumeClaim`: the wish of a namespace for storage, and the volume that it got.
package struct PersistentVolumeClaim: KubeObject, Hashable {
    package struct Spec: Sendable, Hashable, Codable {
        package var accessModes: [String]?
        /// Empty until the claim is bound.
        package var volumeName: String?
        package var volumeMode: String?
    }

    package struct Status: Sendable, Hashable, Codable {
        /// `Pending`, `Bound` or `Lost`.
        package var phase: String?
    }

    package static let resource = ResourceKind(plural: "persistentvolumeclaims", kind: "PersistentVolumeClaim")

    package var metadata: ObjectMeta
    package var spec: Spec
    package var status: Status?
}
