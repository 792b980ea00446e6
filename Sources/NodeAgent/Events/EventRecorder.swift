import KubeClient
import KubeModel
package import Logging
package import PodCore
import Synchronization
package import Timing

/// Sends events to the API server, one after another. ``EventCorrelator`` decides what is sent.
///
/// At most `capacity` events wait. When the API server is away for long, the oldest are dropped: the latest say more about the node's state.
package actor EventRecorder {
    private static let capacity = 1000
    /// For an event that the API server does not get. kubelet has the same number and pause.
    private static let maxTries = 12
    private static let retryPause = Duration.seconds(10)
    /// How long an event waits before it is sent, on a real node. The API server first answers the calls for which the pod itself waits.
    package static let holdback = Duration.milliseconds(200)

    private let api: any EventAPI
    private let time: any TimeSource
    private let random: @Sendable () -> Double
    private let holdback: Duration
    private let logger: Logger
    private let entries: AsyncStream<RecordedEvent>
    private let queue: AsyncStream<RecordedEvent>.Continuation
    private let lost = Mutex(EventLosses())
    private var correlator: EventCorrelator

    /// Events carry the component `kubelet`: tools select by it.
    /// - Parameters:
    ///   - random: from 0 up to 1; spreads the first retries of many nodes.
    ///   - holdback: how long after its time an event is sent at the earliest.
    package init(
        api: any EventAPI, nodeName: String, time: any TimeSource, random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) },
        holdback: Duration = .zero, logger: Logger
    ) {
        self.api = api
        self.time = time
        self.random = random
        self.holdback = holdback
        self.logger = logger
        correlator = EventCorrelator(source: EventSource(component: "kubelet", host: nodeName))
        (entries, queue) = AsyncStream.makeStream(of: RecordedEvent.self, bufferingPolicy: .bufferingNewest(Self.capacity))
    }

    /// The events that were dropped, for metrics.
    package nonisolated var losses: EventLosses { lost.withLock { $0 } }

    package nonisolated func record(_ record: PodEventRecord, about pod: PodIdentity) {
        let object = ObjectReference(kind: "Pod", namespace: pod.namespace, name: pod.name, uid: pod.uid, fieldPath: record.fieldPath)
        enqueue(RecordedEvent(object: object, namespace: pod.namespace, record: record, moment: time.moment))
    }

    /// Events about the node use its name as uid, as kubelet does.
    package nonisolated func record(_ record: PodEventRecord, aboutNode name: String) {
        let object = ObjectReference(kind: "Node", name: name, uid: name)
        enqueue(RecordedEvent(object: object, namespace: "default", record: record, moment: time.moment))
    }

    package nonisolated func record(_ record: PodEventRecord, aboutService name: String, namespace: String, uid: String) {
        let object = ObjectReference(kind: "Service", namespace: namespace, name: name, uid: uid)
        enqueue(RecordedEvent(object: object, namespace: namespace, record: record, moment: time.moment))
    }

    package func run() async {
        for await entry in entries {
            guard await hasWaited(until: entry.moment.monotonic + holdback) else { return }
            switch correlator.correlate(entry) {
            case .create(let event): await send(event, updates: false)
            case .update(let event): await send(event, updates: true)
            case .drop: lose(entry.record, entry.object, .spamFilter)
            }
        }
    }

    /// Returns false when the task is cancelled meanwhile.
    private func hasWaited(until due: Duration) async -> Bool {
        guard time.now() < due else { return true }
        do { try await time.sleep(until: due) } catch { return false }
        return true
    }

    private nonisolated func enqueue(_ event: RecordedEvent) {
        if case .dropped(let oldest) = queue.yield(event) { lose(oldest.record, oldest.object, .queueFull) }
    }

    private func send(_ event: Event, updates: Bool) async {
        for attempt in 1...Self.maxTries {
            do {
                return try await write(event, updates: updates)
            } catch is CancellationError {
                return
            } catch {
                guard (error as? APIError)?.mayPassLater ?? false else { return lose(event, .rejected, error) }
                guard attempt < Self.maxTries else { return lose(event, .unreachable, error) }
            }
            do { try await time.sleep(for: attempt == 1 ? Self.retryPause * random() : Self.retryPause) } catch { return }
        }
    }

    private func write(_ event: Event, updates: Bool) async throws {
        if updates {
            let patch: JSONValue = [
                "count": .integer(Int64(event.count ?? 1)), "lastTimestamp": event.lastTimestamp.map { .string($0.rfc3339()) } ?? .null,
                "message": .string(event.message),
            ]
            do {
                return try await api.patch(event: event.key, patch)
            } catch let error as APIError where error.isNotFound {
                // Events expire. The new one goes on with the count.
            }
        }
        do {
            try await api.create(event: event)
        } catch let error as APIError where error.isAlreadyExists {
            // An earlier try whose answer was lost.
        }
    }

    private func lose(_ event: Event, _ reason: EventLosses.Reason, _ error: any Error) {
        note(reason, event.reason, event.involvedObject, "\(error)")
    }

    private nonisolated func lose(_ record: PodEventRecord, _ object: ObjectReference, _ reason: EventLosses.Reason) {
        note(reason, record.reason, object, nil)
    }

    private nonisolated func note(_ reason: EventLosses.Reason, _ eventReason: String, _ object: ObjectReference, _ error: String?) {
        let now = time.now()
        let losses = lost.withLock { $0.note(reason, at: now) ? $0 : nil }
        guard let losses else { return }
        var metadata: Logger.Metadata = [
            "reason": "\(eventReason)", "object": "\(object.namespace.map { $0 + "/" } ?? "")\(object.name ?? "")", "cause": "\(reason.rawValue)",
        ]
        for (reason, count) in losses.counts { metadata[reason.rawValue] = "\(count)" }
        if let error { metadata["error"] = "\(error)" }
        // A container that fails again and again reaches the filter: no fault of the node.
        logger.log(
            level: reason == .spamFilter ? .info : .warning, "Event was dropped; more for this cause are only counted for ten minutes",
            metadata: metadata)
    }
}

extension APIError {
    /// Whether the event may be accepted when it is sent again: the API server did not get it, or has no time for it now.
    fileprivate var mayPassLater: Bool {
        switch code {
        case .status: [429, 502, 503, 504].contains(httpStatus)
        case .invalidArgument, .closed: false
        default: true
        }
    }
}
