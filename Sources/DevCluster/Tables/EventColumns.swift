import KubeModel

enum EventColumns {
    static let all: [TableColumn] = [
        TableColumn("Last Seen") { event, now in .string(Age.since(Self.lastSeen(event), now)) },
        .text("Type") { $0.text("type") },
        .text("Reason") { $0.text("reason") },
        .text("Object") { event in
            let kind = event.text("involvedObject", "kind").lowercased()
            let name = event.text("involvedObject", "name")
            return name.isEmpty ? kind : "\(kind)/\(name)"
        },
        .text("Subobject", wide: true, empty: "") { $0.text("involvedObject", "fieldPath") },
        .text("Source", wide: true, empty: "") { event in
            let component = event.text("source", "component").isEmpty ? event.text("reportingComponent") : event.text("source", "component")
            let host = event.text("source", "host").isEmpty ? event.text("reportingInstance") : event.text("source", "host")
            return host.isEmpty ? component : "\(component), \(host)"
        },
        .text("Message", empty: "") { $0.text("message").trimmingSpace },
        TableColumn("First Seen", wide: true) { event, now in
            let first = event.text("firstTimestamp").isEmpty ? event.text("eventTime") : event.text("firstTimestamp")
            return .string(Age.since(first, now))
        },
        TableColumn("Count", type: "string", wide: true) { event, _ in .string("\(event["series", "count"]?.integer ?? event["count"]?.integer ?? 1)")
        },
        TableColumn("Name", format: "name", wide: true) { event, _ in .string(event.name) },
    ]

    static func lastSeen(_ event: JSONValue) -> String {
        for time in [event.text("series", "lastObservedTime"), event.text("lastTimestamp"), event.text("eventTime"), event.text("firstTimestamp")]
        where !time.isEmpty {
            return time
        }
        return ""
    }
}

enum CertificateColumns {
    static let all: [TableColumn] = [
        .objectName, .age,
        .text("SignerName") { $0.text("spec", "signerName") },
        .text("Requestor") { $0.text("spec", "username") },
        .text("RequestedDuration") { request in request["spec", "expirationSeconds"]?.integer.map { Age.text(seconds: $0) } ?? "" },
        .text("Condition") { request in
            var words: [String] = []
            if request.condition("Denied") != nil { words.append("Denied") }
            if request.condition("Approved") != nil { words.append("Approved") }
            if request.condition("Failed") != nil { words.append("Failed") }
            if words.isEmpty { words.append("Pending") }
            if !request.text("status", "certificate").isEmpty { words.append("Issued") }
            return words.joined(separator: ",")
        },
    ]
}

enum VolumeColumns {
    private static let modes = ["ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"]

    private static func modes(_ list: [JSONValue]) -> String { list.compactMap { $0.string.map { modes[$0] ?? $0 } }.joined(separator: ",") }

    static let volumes: [TableColumn] = [
        .objectName,
        .text("Capacity", empty: "") { $0.text("spec", "capacity", "storage") },
        .text("Access Modes", empty: "") { modes($0["spec"]?.list("accessModes") ?? []) },
        .text("Reclaim Policy", empty: "") { $0.text("spec", "persistentVolumeReclaimPolicy") },
        .text("Status", empty: "") { $0.isBeingDeleted ? "Terminating" : $0.text("status", "phase") },
        .text("Claim", empty: "") { volume in
            let name = volume.text("spec", "claimRef", "name")
            return name.isEmpty ? "" : "\(volume.text("spec", "claimRef", "namespace"))/\(name)"
        },
        .text("StorageClass", empty: "") { $0.text("spec", "storageClassName") },
        .text("VolumeAttributesClass", empty: "<unset>") { $0.text("spec", "volumeAttributesClassName") },
        .text("Reason", empty: "") { $0.text("status", "reason") },
        .age,
        .text("VolumeMode", wide: true, empty: "<unset>") { $0.text("spec", "volumeMode") },
    ]

    static let claims: [TableColumn] = [
        .objectName,
        .text("Status", empty: "") { $0.isBeingDeleted ? "Terminating" : $0.text("status", "phase") },
        .text("Volume", empty: "") { $0.text("spec", "volumeName") },
        .text("Capacity", empty: "") { $0.text("status", "capacity", "storage") },
        .text("Access Modes", empty: "") { modes($0["status"]?.list("accessModes") ?? []) },
        .text("StorageClass", empty: "") { $0.text("spec", "storageClassName") },
        .text("VolumeAttributesClass", empty: "<unset>") { $0.text("spec", "volumeAttributesClassName") },
        .age,
        .text("VolumeMode", wide: true, empty: "<unset>") { $0.text("spec", "volumeMode") },
    ]
}
