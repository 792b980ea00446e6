package import KubeClient
package import KubeModel
import Synchronization
package import Timing

/// Whether the API server answers, by the watch of this node's pods.
package final class APIPresence: Sendable {
    /// How long an agent that starts waits for the API server before it goes on without: enough for the handshake and the list over a slow line,
    /// short beside the pods' own start.
    static let grace = Duration.seconds(2)

    private let time: any TimeSource
    private let hasList: @Sendable () -> Bool
    private let failure: @Sendable () -> APIError?
    private let firstOutcome: @Sendable () async -> Void
    private let isGraceOver = Mutex(false)

    /// - Parameters:
    ///   - hasList: whether the API server has named the pods once.
    ///   - failure: why the latest list or watch failed.
    ///   - firstOutcome: returns once the first list is complete or has failed, or the task is cancelled.
    init(
        time: any TimeSource, hasList: @escaping @Sendable () -> Bool, failure: @escaping @Sendable () -> APIError?,
        firstOutcome: @escaping @Sendable () async -> Void
    ) {
        self.time = time
        self.hasList = hasList
        self.failure = failure
        self.firstOutcome = firstOutcome
    }

    package convenience init(_ pods: Reflector<Pod>, time: any TimeSource) {
        self.init(time: time, hasList: { pods.hasSynced }, failure: { pods.failure }, firstOutcome: { await pods.waitForFirstList() })
    }

    /// Waits for the API server's first answer, at most for the grace. Returns whether it has to be done without: at once when no connection can be made.
    package func isAwayAtStart() async -> Bool {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.firstOutcome() }
            group.addTask { try? await self.time.sleep(for: Self.grace) }
            await group.next()
            group.cancelAll()
        }
        guard !hasList() else { return false }
        isGraceOver.withLock { $0 = true }
        return true
    }

    /// The agent has started without the API server, which has not answered since.
    var hasNeverAnswered: Bool { !hasList() && isGraceOver.withLock { $0 } }

    /// The latest list or watch failed: calls may wait long for an answer.
    var isDoubtful: Bool { failure() != nil }
}
