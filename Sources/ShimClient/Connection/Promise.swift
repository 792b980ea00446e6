import LinuxSystem
import Synchronization

/// A value that is given once and can be waited for by any number of tasks and callbacks, before and after.
package final class Promise<Value: Sendable>: Sendable {
    package typealias Callback = @Sendable (Value) -> Void

    /// Names a callback, for `forget`.
    package struct Token: Sendable {
        fileprivate let number: Int
    }

    private enum State {
        case open(next: Int, [Int: Callback])
        case fulfilled(Value)
    }

    private let state: Mutex<State>

    package init() { state = Mutex(.open(next: 0, [:])) }

    /// Makes a promise that has its value.
    package init(_ value: Value) { state = Mutex(.fulfilled(value)) }

    /// Only the first value counts.
    package func fulfil(_ value: Value) {
        let callbacks = state.withLock { state -> [Int: Callback] in
            guard case .open(_, let callbacks) = state else { return [:] }
            state = .fulfilled(value)
            return callbacks
        }
        for (_, callback) in callbacks.sorted(by: { $0.key < $1.key }) { callback(value) }
    }

    /// Runs `callback` with the value: now, or on the thread that gives it.
    @discardableResult
    package func onFulfilled(_ callback: @escaping Callback) -> Token {
        let (value, token) = state.withLock { state -> (Value?, Token) in
            switch state {
            case .fulfilled(let value):
                return (value, Token(number: -1))
            case .open(let next, var callbacks):
                callbacks[next] = callback
                state = .open(next: next + 1, callbacks)
                return (nil, Token(number: next))
            }
        }
        if let value { callback(value) }
        return token
    }

    /// Drops a callback whose owner no longer waits for the value.
    package func forget(_ token: Token) {
        state.withLock { state in
            guard case .open(let next, var callbacks) = state else { return }
            callbacks[token.number] = nil
            state = .open(next: next, callbacks)
        }
    }

    /// Waits whether or not the task is cancelled: the requested operation happens all the same, and its caller needs the result in order to
    /// undo it. The giver of the value bounds the time.
    package func value() async -> Value {
        await withCheckedContinuation { continuation in _ = onFulfilled { continuation.resume(returning: $0) } }
    }

    /// Waits for at most `patience`, then returns `nil`.
    package func value(within patience: Duration) async -> Value? {
        guard let loop = try? ReadinessLoop.shared() else { return ifFulfilled }
        let first = Promise<Value?>()
        let token = onFulfilled { first.fulfil($0) }
        let timer = loop.schedule(after: patience) { _ in first.fulfil(nil) }
        defer {
            forget(token)
            loop.cancel(timer)
        }
        return await first.value()
    }

    package var ifFulfilled: Value? {
        state.withLock { if case .fulfilled(let value) = $0 { value } else { nil } }
    }
}
