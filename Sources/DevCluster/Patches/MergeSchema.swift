/// How strategic merge patch treats the fields of the core types: which lists merge, by which key, and which objects
/// retain only named keys. Written once as a table of type -> field; a field that is not listed is a plain value or an
/// atomic list, and its objects merge member by member.
package struct MergeSchema: Sendable, Hashable {
    package enum List: Sendable, Hashable {
        /// The patch's list replaces the object's.
        case atomic
        /// Elements with the same value of this member merge.
        case byKey(String)
        /// Primitive values, each at most once.
        case set
    }

    package struct Field: Sendable, Hashable {
        let list: List
        /// The type of the object or of the list's elements.
        let type: String?

        static func object(_ type: String) -> Field { Field(list: .atomic, type: type) }
        static func list(_ key: String, _ type: String? = nil) -> Field { Field(list: .byKey(key), type: type) }
        static let set = Field(list: .set, type: nil)
    }

    private let type: String?

    init(type: String?) { self.type = type }

    /// The schema of a kind; kinds with no merging list of their own still merge their metadata.
    package init(kind: String) { type = Self.types[kind] == nil ? "AnyObject" : kind }

    func field(_ name: String) -> Field? { type.flatMap { Self.types[$0]?[name] } }

    func schema(of field: Field?) -> MergeSchema { MergeSchema(type: field?.type) }

    private static let conditions = Field.list("type")

    private static let types: [String: [String: Field]] = [
        "AnyObject": ["metadata": .object("ObjectMeta")],
        "ObjectMeta": ["finalizers": .set, "ownerReferences": .list("uid")],
        "Pod": ["metadata": .object("ObjectMeta"), "spec": .object("PodSpec"), "status": .object("PodStatus")],
        "PodTemplate": ["metadata": .object("ObjectMeta"), "template": .object("PodTemplateSpec")],
        "PodTemplateSpec": ["metadata": .object("ObjectMeta"), "spec": .object("PodSpec")],
        "PodSpec": [
            "containers": .list("name", "Container"),
            "initContainers": .list("name", "Container"),
            "ephemeralContainers": .list("name", "Container"),
            "volumes": .list("name", "Volume"),
            "imagePullSecrets": .list("name"),
            "hostAliases": .list("ip"),
            "topologySpreadConstraints": .list("topologyKey"),
            "resourceClaims": .list("name"),
            "schedulingGates": .list("name"),
        ],
        "Container": [
            "env": .list("name"),
            "ports": .list("containerPort"),
            "volumeMounts": .list("mountPath"),
            "volumeDevices": .list("devicePath"),
        ],
        "PodStatus": ["conditions": conditions, "podIPs": .list("ip"), "hostIPs": .list("ip")],
        "Node": ["metadata": .object("ObjectMeta"), "spec": .object("NodeSpec"), "status": .object("NodeStatus")],
        "NodeSpec": ["podCIDRs": .set],
        "NodeStatus": ["conditions": conditions, "addresses": .list("type")],
        "Service": ["metadata": .object("ObjectMeta"), "spec": .object("ServiceSpec"), "status": .object("ServiceStatus")],
        "ServiceSpec": ["ports": .list("port")],
        "ServiceStatus": ["conditions": conditions],
        "ServiceAccount": ["metadata": .object("ObjectMeta"), "secrets": .list("name")],
        "Namespace": ["metadata": .object("ObjectMeta"), "status": .object("NamespaceStatus")],
        "NamespaceStatus": ["conditions": conditions],
        "PersistentVolumeClaim": ["metadata": .object("ObjectMeta"), "status": .object("PersistentVolumeClaimStatus")],
        "PersistentVolumeClaimStatus": ["conditions": conditions],
    ]
}
