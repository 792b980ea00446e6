import Synchronization

/// Why the node is not ready, by the part that is not. Every part reports its own state; the node is ready when none complains.
package final class NodeReadiness: Sendable {
    private let problems = Mutex<[String: String]>(["network": "the pod network is not set up yet: the node has no podCIDR"])
    private let changeSignals: AsyncStream<Void>
    private let changed: AsyncStream<Void>.Continuation

    package init() {
        (changeSignals, changed) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// `nil` when the part is well.
    package func report(_ part: String, problem: String?) {
        let isNew = problems.withLock { problems in
            defer { problems[part] = problem }
            return problems[part] != problem
        }
        if isNew { changed.yield() }
    }

    /// All complaints in the order of the parts' names; `nil` when there is none.
    package var problem: String? {
        let current = problems.withLock { $0 }
        if current.isEmpty { return nil }
        return current.sorted { $0.key < $1.key }.map(\.value).joined(separator: "; ")
    }

    /// One element after each change; several changes may share one. One reader.
    package var changes: AsyncStream<Void> { changeSignals }
}
