import Synchronization

/// The problems that keep the node from being ready, by part. Every part reports its own; the node is ready when no part has one.
package final class NodeReadiness: Sendable {
    private static let shutdown = "shutdown"

    private let problems = Mutex<[String: String]>(["network": "the pod network is not set up yet: the node has no podCIDR"])
    private let changeSignals: AsyncStream<Void>
    private let changed: AsyncStream<Void>.Continuation

    package init() {
        (changeSignals, changed) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// Reports a part's problem; `nil` when the part has none. Returns whether that is news.
    @discardableResult
    package func report(_ part: String, problem: String?) -> Bool {
        let isNew = problems.withLock { problems in
            defer { problems[part] = problem }
            return problems[part] != problem
        }
        if isNew { changed.yield() }
        return isNew
    }

    /// The machine shuts down: no further pods are taken.
    package func report(shutdown: Bool) {
        report(Self.shutdown, problem: shutdown ? "node is shutting down" : nil)
    }

    package var isShuttingDown: Bool { problems.withLock { $0[Self.shutdown] != nil } }

    /// All problems in the order of the parts' names; `nil` without any.
    package var problem: String? {
        let current = problems.withLock { $0 }
        if current.isEmpty { return nil }
        return current.sorted { $0.key < $1.key }.map(\.value).joined(separator: "; ")
    }

    /// One element after each change; several changes may share one. One reader.
    package var changes: AsyncStream<Void> { changeSignals }
}
