import KubeClient
import PodCore
import Synchronization
package import Timing

/// Holds pulls back until the limits of the node allow them.
package final class ImagePullGate: Sendable {
    private struct State {
        var queue: ImagePullQueue
        var bucket: TokenBucket?
        var next: UInt64 = 0
        var held: [UInt64: CheckedContinuation<Void, any Error>] = [:]
    }

    private let state: Mutex<State>
    private let time: any TimeSource

    package init(_ limits: ImagePullLimits = ImagePullLimits(), time: any TimeSource) {
        self.time = time
        let bucket = limits.rate > 0 ? TokenBucket(rate: Double(limits.rate), burst: limits.burst, now: time.now()) : nil
        state = Mutex(State(queue: ImagePullQueue(limit: limits.parallel), bucket: bucket))
    }

    /// Runs the pull in its turn.
    /// - Parameter first: called with the result by the first of those that share the pull.
    func run<R: Sendable>(
        _ image: String, _ credentials: [RegistryCredential], _ pull: () async throws(ImageFailure) -> R, first: (R) -> Void = { _ in }
    ) async throws(ImageFailure) -> R {
        let key = ImagePullQueue.Key(image: image, credentials: credentials.map(\.login))
        let ticket = state.withLock { state in
            state.next += 1
            return state.next
        }
        let cancelled = ImageFailure(.pullFailed, "the pull of \(image) was cancelled")
        do { try await enter(ticket, key) } catch { throw cancelled }
        defer { release { $0.leave(key) } }
        do { try await takeToken() } catch { throw cancelled }
        let result = try await pull()
        if state.withLock({ $0.queue.finish(key) }) { first(result) }
        return result
    }

    private func enter(_ ticket: UInt64, _ key: ImagePullQueue.Key) async throws {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                release(holding: (ticket, continuation)) { $0.enter(ticket, key) }
                if Task.isCancelled { withdraw(ticket) }
            }
        } onCancel: {
            withdraw(ticket)
        }
    }

    private func withdraw(_ ticket: UInt64) {
        let continuation = state.withLock { state in
            state.queue.withdraw(ticket)
            return state.held.removeValue(forKey: ticket)
        }
        continuation?.resume(throwing: CancellationError())
    }

    /// Changes the queue and lets those go on whose turn has come.
    private func release(
        holding new: (ticket: UInt64, continuation: CheckedContinuation<Void, any Error>)? = nil, _ change: (inout ImagePullQueue) -> [UInt64]
    ) {
        let admitted = state.withLock { state in
            if let new { state.held[new.ticket] = new.continuation }
            return change(&state.queue).compactMap { state.held.removeValue(forKey: $0) }
        }
        for continuation in admitted { continuation.resume() }
    }

    /// Waits for the next token where pulls follow each other too fast.
    private func takeToken() async throws {
        while true {
            let now = time.now()
            let pause: Duration? = state.withLock { state in
                guard state.bucket != nil, state.bucket?.take(now: now) == false else { return nil }
                return state.bucket?.wait(for: 1, now: now)
            }
            guard let pause else { return }
            try await time.sleep(for: pause)
        }
    }
}
