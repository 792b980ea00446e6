import KubeModel
import PodCore

/// The common parts of events that count as repeated, similar or about one object. The source is the same for all events of a node, and
/// the uid stands for the object's name and namespace.
enum EventKey {
    struct Object: Hashable, Sendable {
        let kind: String?
        let uid: String?
        let type: PodEventRecord.Kind

        init(_ event: RecordedEvent) {
            kind = event.object.kind
            uid = event.object.uid
            type = event.record.kind
        }
    }

    /// All but the message, and the container, which client-go ignores here.
    struct Similar: Hashable, Sendable {
        let object: Object
        let reason: String

        init(_ event: RecordedEvent) {
            object = Object(event)
            reason = event.record.reason
        }
    }

    /// The series of equal events that one event in the API stands for.
    enum Series: Hashable, Sendable {
        case equal(Similar, fieldPath: String?, message: String)
        case similar(Similar)
    }
}
