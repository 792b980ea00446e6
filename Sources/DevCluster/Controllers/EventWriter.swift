import KubeModel

/// Events of the cluster's own controllers.
enum EventWriter {
    static func write(
        about object: JSONValue, kind: String, type: String, reason: String, message: String, from component: String, _ store: isolated ObjectStore
    ) throws {
        let now = store.now()
        let namespace = object.namespace.isEmpty ? "default" : object.namespace
        let time = JSONValue.string(now.rfc3339())
        let event: JSONValue = [
            "metadata": [
                "name": .string("\(object.name).\(String(now.seconds, radix: 16))\(String(store.revision, radix: 16))"),
                "namespace": .string(namespace),
                "uid": .string(UniqueID.make()), "creationTimestamp": time,
            ],
            "involvedObject": [
                "kind": .string(kind), "namespace": .string(object.namespace), "name": .string(object.name), "uid": .string(object.uid),
                "apiVersion": "v1",
                "resourceVersion": object["metadata", "resourceVersion"] ?? "",
            ],
            "type": .string(type), "reason": .string(reason), "message": .string(message), "source": ["component": .string(component)],
            "reportingComponent": .string(component), "reportingInstance": "", "firstTimestamp": time, "lastTimestamp": time, "count": 1,
        ]
        _ = try store.insert(.events, event)
    }
}
