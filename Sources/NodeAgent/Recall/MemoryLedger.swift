import KubeModel
import PodCore

/// The node's memory as a value: which records are wanted, and which changes wait to be written.
struct MemoryLedger: Sendable {
    /// The content of a record that waits to be written.
    enum Content: Sendable {
        case value(any Codable & Sendable)
        /// The API server has no such object.
        case absent
        /// The record is not needed any more.
        case removed
    }

    private struct Known: Sendable {
        var trace: Int
        var needs: Set<RecordName>
        /// The namespace whose Services the pod's containers are told of.
        var linked: String?
    }

    private var pods: [String: Known] = [:]
    private(set) var pending: [RecordName: Content] = [:]

    /// The namespaces whose Services appear in the environments of the node's pods.
    var linkedNamespaces: Set<String> { Set(pods.values.compactMap(\.linked)) }

    /// Notes a pod's latest state.
    /// - Parameter isNew: whether a pod that is not known is taken up.
    mutating func note(_ pod: Pod, isNew: Bool) {
        let trace = PodTrace(pod).hashValue
        let before = pods[pod.uid]
        guard before?.trace != trace, before != nil || isNew else { return }
        let needs = pod.neededRecords
        pods[pod.uid] = Known(trace: trace, needs: needs, linked: !needs.isEmpty && pod.spec.enableServiceLinks ?? true ? pod.namespace : nil)
        pending[.pod(pod.uid)] = .value(pod.recalledForm)
        dropUnneeded(before?.needs ?? [])
    }

    /// Takes up a pod as its record has it.
    mutating func adopt(_ pod: Pod) {
        guard pods[pod.uid] == nil else { return }
        note(pod, isNew: true)
        pending[.pod(pod.uid)] = nil
    }

    /// Nothing is left of the pod.
    mutating func forget(_ uid: String) {
        guard let known = pods.removeValue(forKey: uid) else { return }
        pending[.pod(uid)] = .removed
        dropUnneeded(known.needs)
    }

    /// Notes an object that the API server has given.
    mutating func note(_ name: RecordName, _ content: Content) {
        guard name.kind == .node || isNeeded(name) else { return }
        pending[name] = content
    }

    /// Removes the records that no pod of the node needs: those of pods that an earlier agent has known.
    mutating func keepKnown(of stored: Set<RecordName>) {
        for name in stored where !isKept(name) && pending[name] == nil { pending[name] = .removed }
    }

    mutating func take() -> [RecordName: Content] {
        defer { pending = [:] }
        return pending
    }

    /// Takes changes back that could not be written, as far as no later ones have replaced them.
    mutating func giveBack(_ failed: [RecordName: Content]) {
        pending.merge(failed) { later, _ in later }
    }

    private mutating func dropUnneeded(_ candidates: Set<RecordName>) {
        for name in candidates where !isNeeded(name) { pending[name] = .removed }
    }

    private func isKept(_ name: RecordName) -> Bool {
        switch name.kind {
        case .pod: name.parts.first.map { pods[$0] != nil } ?? false
        case .node: true
        // The pod manager removes these itself.
        case .eviction: true
        default: isNeeded(name)
        }
    }

    private func isNeeded(_ name: RecordName) -> Bool { pods.values.contains { $0.needs.contains(name) } }
}
