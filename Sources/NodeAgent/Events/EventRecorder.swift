package import KubeClient
import KubeModel
package import Logging
package import PodCore
package import Timing

/// Sends events to the API server. A repetition within an hour increases the count of the existing event.
///
/// At most `capacity` events wait; when the API server is away for long, the oldest are dropped, as kubelet does.
package actor EventRecorder {
    private struct Entry {
        let object: ObjectReference
        let namespace: String
        let record: PodEventRecord
        let time: Timestamp
    }

    private struct Key: Hashable {
        let object: ObjectReference
        let record: PodEventRecord
    }

    private struct Known {
        let name: String
        let first: Timestamp
        var count: Int
    }

    private static let capacity = 1000
    private static let knownLimit = 4096
    /// Characters of the object's name in the event's.
    private static let subjectLimit = 210
    private static let aggregationSeconds: Int64 = 3600

    private let api: any EventAPI
    private let source: EventSource
    private let time: any TimeSource
    private let logger: Logger
    private let entries: AsyncStream<Entry>
    private let queue: AsyncStream<Entry>.Continuation
    private var known: [Key: Known] = [:]
    /// Makes the names of events of one moment differ.
    private var created = 0

    /// Events carry the component `kubelet`: tools select by it.
    package init(api: any EventAPI, nodeName: String, time: any TimeSource, logger: Logger) {
        self.api = api
        self.source = EventSource(component: "kubelet", host: nodeName)
        self.time = time
        self.logger = logger
        (entries, queue) = AsyncStream.makeStream(of: Entry.self, bufferingPolicy: .bufferingNewest(Self.capacity))
    }

    package nonisolated func record(_ record: PodEventRecord, about pod: PodIdentity) {
        let object = ObjectReference(kind: "Pod", namespace: pod.namespace, name: pod.name, uid: pod.uid, fieldPath: record.fieldPath)
        queue.yield(Entry(object: object, namespace: pod.namespace, record: record, time: time.wallTime()))
    }

    /// Events about the node use its name as uid, as kubelet does.
    package nonisolated func record(_ record: PodEventRecord, aboutNode name: String) {
        let object = ObjectReference(kind: "Node", name: name, uid: name)
        queue.yield(Entry(object: object, namespace: "default", record: record, time: time.wallTime()))
    }

    package func run() async {
        for await entry in entries { await send(entry) }
    }

    private func send(_ entry: Entry) async {
        let key = Key(object: entry.object, record: entry.record)
        do {
            if let before = known[key], entry.time.seconds - before.first.seconds < Self.aggregationSeconds, try await countUp(before, key, entry) {
                return
            }
            try await create(entry, key)
        } catch is CancellationError {
            return
        } catch {
            logger.warning(
                "Event could not be sent",
                metadata: ["reason": "\(entry.record.reason)", "object": "\(entry.object.name ?? "")", "error": "\(error)"])
        }
    }

    private func create(_ entry: Entry, _ key: Key) async throws {
        // Unique by the time in nanoseconds, like kubelet's names of events. The pod's name alone may already have the greatest length.
        let stamp = String(entry.time.seconds * 1_000_000_000 + Int64(entry.time.nanoseconds), radix: 16)
        var subject = (entry.object.name ?? "").prefix(Self.subjectLimit)
        while subject.last == "-" || subject.last == "." { subject = subject.dropLast() }
        created += 1
        let name = "\(subject).\(stamp)-\(String(created, radix: 16))"
        let event = Event(
            metadata: ObjectMeta(name: name, namespace: entry.namespace), involvedObject: entry.object, type: entry.record.kind.rawValue,
            reason: entry.record.reason, message: entry.record.message, source: source, firstTimestamp: entry.time, lastTimestamp: entry.time,
            count: 1)
        try await api.create(event: event)
        if known.count >= Self.knownLimit { known.removeAll() }
        known[key] = Known(name: name, first: entry.time, count: 1)
    }

    /// Returns false when the event does not exist any more.
    private func countUp(_ before: Known, _ key: Key, _ entry: Entry) async throws -> Bool {
        let patch: JSONValue = ["count": .integer(Int64(before.count + 1)), "lastTimestamp": .string(entry.time.rfc3339())]
        do {
            try await api.patch(event: ObjectKey(namespace: entry.namespace, name: before.name), patch)
        } catch let error as APIError where error.isNotFound {
            return false
        }
        known[key]?.count += 1
        return true
    }
}
