import Synchronization

/// One piece of work for a key at a time: callers that come meanwhile get its result.
///
/// The work runs in the task of the first caller. When that task is cancelled, or fails for a reason of its own, the next caller takes the work over.
final class SharedWork<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private enum Outcome: Sendable {
        case done(Value)
        case failed(ImageStoreError)
        case again
    }

    private struct State {
        /// Present for each key with work in progress.
        var waiting: [Key: [UInt64: CheckedContinuation<Outcome, Never>]] = [:]
        var next: UInt64 = 0
    }

    private let state = Mutex(State())
    private let isOwn: @Sendable (ImageStoreError) -> Bool

    /// - Parameter isOwn: whether a failure says nothing about the work of other callers.
    init(isOwn: @escaping @Sendable (ImageStoreError) -> Bool = { _ in false }) { self.isOwn = isOwn }

    func run(_ key: Key, _ work: () async throws -> Value) async throws(ImageStoreError) -> Value {
        while true {
            if let outcome = await join(key) {
                switch outcome {
                case .done(let value): return value
                case .failed(let error): throw error
                case .again:
                    if Task.isCancelled { throw ImageStoreError(.cancelled, "wait", "\(key)", "the pull was cancelled") }
                    continue
                }
            }
            do {
                let value = try await work()
                finish(key, .done(value))
                return value
            } catch {
                let wrapped = ImageStoreError.wrap(error, "pull", "\(key)")
                finish(key, wrapped.code == .cancelled || isOwn(wrapped) ? .again : .failed(wrapped))
                throw wrapped
            }
        }
    }

    /// How many callers wait for another caller's work.
    func waitingCount(_ key: Key) -> Int { state.withLock { $0.waiting[key]?.count ?? 0 } }

    /// `nil` when the caller has to do the work.
    private func join(_ key: Key) async -> Outcome? {
        let ticket: UInt64? = state.withLock { state in
            guard state.waiting[key] != nil else {
                state.waiting[key] = [:]
                return nil
            }
            state.next += 1
            return state.next
        }
        guard let ticket else { return nil }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isWaiting = state.withLock { state in
                    // Done between the two locks: look again.
                    guard state.waiting[key] != nil else { return false }
                    state.waiting[key]?[ticket] = continuation
                    return true
                }
                if !isWaiting { continuation.resume(returning: .again) } else if Task.isCancelled { leave(key, ticket) }
            }
        } onCancel: {
            leave(key, ticket)
        }
    }

    private func leave(_ key: Key, _ ticket: UInt64) {
        let continuation = state.withLock { $0.waiting[key]?.removeValue(forKey: ticket) }
        continuation?.resume(returning: .again)
    }

    private func finish(_ key: Key, _ outcome: Outcome) {
        let waiting = state.withLock { $0.waiting.removeValue(forKey: key) }
        for continuation in (waiting ?? [:]).values { continuation.resume(returning: outcome) }
    }
}
