import KubeModel

extension ResourceType {
    /// The columns that kubectl shows for this resource.
    var columns: [TableColumn] {
        switch self {
        case .pods: PodColumns.all
        case .nodes: NodeColumns.all
        case .services: ServiceColumns.all
        case .endpointSlices: EndpointSliceColumns.all
        case .events: EventColumns.all
        case .namespaces: [.objectName, .text("Status") { $0.text("status", "phase") }, .age]
        case .configMaps:
            [
                .objectName,
                TableColumn("Data", type: "integer") { object, _ in .integer(Self.count(object, "data") + Self.count(object, "binaryData")) }, .age,
            ]
        case .secrets:
            [
                .objectName, .text("Type") { $0.text("type") },
                TableColumn("Data", type: "integer") { object, _ in .integer(Self.count(object, "data")) }, .age,
            ]
        case .serviceAccounts:
            [.objectName, TableColumn("Secrets", type: "integer") { object, _ in .integer(Int64(object.list("secrets").count)) }, .age]
        case .leases: [.objectName, .text("Holder", empty: "") { $0.text("spec", "holderIdentity") }, .age]
        case .persistentVolumes: VolumeColumns.volumes
        case .persistentVolumeClaims: VolumeColumns.claims
        case .certificateSigningRequests: CertificateColumns.all
        case .runtimeClasses: [.objectName, .text("Handler") { $0.text("handler") }, .age]
        case .priorityClasses:
            [
                .objectName, TableColumn("Value", type: "integer") { object, _ in object["value"] ?? 0 },
                TableColumn("Global-Default", type: "boolean") { object, _ in .bool(object["globalDefault"]?.bool ?? false) }, .age,
                .text("PreemptionPolicy") { $0.text("preemptionPolicy") },
            ]
        default: [.objectName, .age]
        }
    }

    private static func count(_ object: JSONValue, _ member: String) -> Int64 { Int64(object[member]?.object?.count ?? 0) }
}
