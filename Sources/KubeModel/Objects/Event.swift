/// `core/v1 Event`.
package struct Event: KubeObject, Hashable {
    package static let resource = ResourceKind(plural: "events", kind: "Event")

    package var apiVersion: String?
    package var kind: String?
    package var metadata: ObjectMeta
    package var involvedObject: ObjectReference
    package var reason: String
    package var message: String
    package var source: EventSource
    package var firstTimestamp: Timestamp?
    package var lastTimestamp: Timestamp?
    package var count: Int?
    /// `Normal` or `Warning`.
    package var type: String
    package var reportingComponent: String?
    package var reportingInstance: String?

    package init(
        metadata: ObjectMeta, involvedObject: ObjectReference, type: String, reason: String, message: String, source: EventSource,
        firstTimestamp: Timestamp, lastTimestamp: Timestamp, count: Int
    ) {
        self.apiVersion = "v1"
        self.kind = "Event"
        self.metadata = metadata
        self.involvedObject = involvedObject
        self.reason = reason
        self.message = message
        self.source = source
        self.firstTimestamp = firstTimestamp
        self.lastTimestamp = lastTimestamp
        self.count = count
        self.type = type
        self.reportingComponent = source.component
        self.reportingInstance = source.host
    }
}

package struct EventSource: Sendable, Hashable, Codable {
    package var component: String?
    package var host: String?

    package init(component: String, host: String) {
        self.component = component
        self.host = host
    }
}

/// `core/v1 ObjectReference`.
package struct ObjectReference: Sendable, Hashable, Codable {
    package var apiVersion: String?
    package var kind: String?
    package var namespace: String?
    package var name: String?
    package var uid: String?
    package var resourceVersion: String?
    /// `spec.containers{name}` for a container's event.
    package var fieldPath: String?

    package init(apiVersion: String = "v1", kind: String, namespace: String? = nil, name: String, uid: String?, fieldPath: String? = nil) {
        self.apiVersion = apiVersion
        self.kind = kind
        self.namespace = namespace
        self.name = name
        self.uid = uid
        self.fieldPath = fieldPath
    }
}
