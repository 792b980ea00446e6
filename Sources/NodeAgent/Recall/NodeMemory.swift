import FoundationEssentials
package import KubeModel
package import Logging
package import PodCore
import Synchronization
package import Timing

/// The node's memory on disk, from which pods run without the API server: pods with their latest status, the objects and tokens that they use, the
/// node's own object.
///
/// Changes are collected for a moment and written together, each record only when its content differs from the written one. A node on which nothing
/// happens writes nothing.
package final class NodeMemory: Sendable {
    /// The pause before changes are written: a pod's start makes several within it. A power cut loses at most this much of the memory.
    static let writePause = Duration.seconds(1)
    /// The pause after a failure: a full or read-only disk seldom recovers by itself.
    static let retryPause = Duration.seconds(30)

    private struct State {
        var ledger = MemoryLedger()
        /// The reasons for which the latest writes failed.
        var reasons: Set<String> = []
    }

    private let store: any RecordStore
    private let time: any TimeSource
    private let logger: Logger
    private let state = Mutex(State())
    private let changes: AsyncStream<Void>
    private let changed: AsyncStream<Void>.Continuation

    package init(store: any RecordStore, time: any TimeSource, logger: Logger) {
        self.store = store
        self.time = time
        self.logger = logger
        (changes, changed) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// Writes changes until it is cancelled. ``flush()`` writes the rest.
    package func run() async {
        for await _ in changes {
            let pause = state.withLock { $0.reasons.isEmpty } ? Self.writePause : Self.retryPause
            do { try await time.sleep(for: pause) } catch { return }
            await flush()
        }
    }

    /// Writes the collected changes now.
    package func flush() async {
        let taken = state.withLock { $0.ledger.take() }
        guard !taken.isEmpty else { return }
        var records: [RecordName: [UInt8]?] = [:]
        for (name, content) in taken {
            do {
                records.updateValue(try Self.bytes(of: content), forKey: name)
            } catch {
                logger.error("An object cannot be remembered", metadata: ["record": "\(name)", "error": "\(error)"])
            }
        }
        let failures = await store.apply(records)
        report(failures)
        guard !failures.isEmpty else { return }
        let names = Set(failures.map(\.name))
        state.withLock { $0.ledger.giveBack(taken.filter { names.contains($0.key) }) }
        changed.yield()
    }

    /// Logs one line for each new kind of failure, and one when all is well again.
    private func report(_ failures: [RecordFailure]) {
        let reasons = Dictionary(failures.map { ($0.reason, $0) }) { first, _ in first }
        let before = state.withLock { state in
            defer { state.reasons = Set(reasons.keys) }
            return state.reasons
        }
        for (reason, failure) in reasons where !before.contains(reason) {
            logger.error(
                "Objects cannot be remembered for times without the API server; trying again",
                metadata: ["reason": "\(reason)", "record": "\(failure.name)", "error": "\(failure.detail)"])
        }
        if failures.isEmpty, !before.isEmpty { logger.info("Objects are remembered again") }
    }

    // Pods

    /// Remembers a pod as it is now.
    /// - Parameter isNew: false for a pod that the API server does not have any more: it is remembered only if it was before.
    func remember(_ pod: Pod, isNew: Bool = true) {
        change { $0.note(pod, isNew: isNew) }
    }

    func forget(podUID: String) {
        change { $0.forget(podUID) }
    }

    /// Removes the records that none of the node's pods needs. Called once the API server has named them all.
    func dropUnknown() async {
        for kind in RecordName.Kind.allCases {
            let names = await store.names(of: kind)
            change { $0.keepKnown(of: names) }
        }
    }

    /// Returns the pods that an earlier agent has remembered: those that end first, then in the order of their creation, so that the latest of one name
    /// comes last.
    package func pods() async -> [Pod] {
        var pods: [Pod] = []
        for (name, bytes) in await store.records(of: .pod) {
            guard let pod = decode(Pod.self, bytes, name), name == .pod(pod.uid) else { continue }
            state.withLock { $0.ledger.adopt(pod) }
            pods.append(pod)
        }
        return pods.sorted { left, right in
            if (left.metadata.deletionTimestamp != nil) != (right.metadata.deletionTimestamp != nil) { return left.metadata.deletionTimestamp != nil }
            let (before, after) = (left.metadata.creationTimestamp?.seconds ?? 0, right.metadata.creationTimestamp?.seconds ?? 0)
            return before == after ? left.uid < right.uid : before < after
        }
    }

    // The node

    package func remember(_ node: Node) {
        change { $0.note(.node(node.name), .value(node.recalledForm)) }
    }

    package func node(named name: String) async -> Node? {
        if case .known(let node) = await recall(.node(name), as: Node.self) { return node }
        return nil
    }

    // Objects

    /// The namespaces whose Services appear in the environments of the node's pods.
    var linkedNamespaces: Set<String> { state.withLock { $0.ledger.linkedNamespaces } }

    /// Remembers an object, if a pod of this node needs it. `nil` for one that the API server does not have.
    func remember(_ name: RecordName, _ value: (some Codable & Sendable)?) {
        change { $0.note(name, value.map { .value($0) } ?? .absent) }
    }

    func recall<Object: Codable & Sendable>(_ name: RecordName, as type: Object.Type) async -> Recollection<Object> {
        switch state.withLock({ $0.ledger.pending[name] }) {
        case .value(let value): return (value as? Object).map { .known($0) } ?? .unknown
        case .absent: return .absent
        case .removed: return .unknown
        case nil: break
        }
        guard let bytes = await store.record(name) else { return .unknown }
        if bytes == Self.absent { return .absent }
        return decode(type, bytes, name).map { .known($0) } ?? .unknown
    }

    private func change(_ body: (inout MemoryLedger) -> Void) {
        let isDue = state.withLock { state in
            body(&state.ledger)
            return !state.ledger.pending.isEmpty
        }
        if isDue { changed.yield() }
    }

    private func decode<Object: Decodable>(_ type: Object.Type, _ bytes: [UInt8], _ name: RecordName) -> Object? {
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch {
            // The error's text may show a Secret's content.
            logger.error("A remembered object does not fit its type", metadata: ["record": "\(name)", "type": "\(type)"])
            return nil
        }
    }

    /// The content of the record of an object that the API server does not have.
    private static let absent = Array("null".utf8)

    private static func bytes(of content: MemoryLedger.Content) throws -> [UInt8]? {
        switch content {
        case .removed: return nil
        case .absent: return absent
        case .value(let value):
            let encoder = JSONEncoder()
            // One content, one text: only a real change is written.
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return Array(try encoder.encode(value))
        }
    }
}
