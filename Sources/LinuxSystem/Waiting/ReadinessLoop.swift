import CLinux
import Glibc
import Synchronization

/// One thread with one epoll that resumes tasks when a descriptor becomes ready or a time has come: the reason why no
/// task ever polls a pidfd, an inotify descriptor or a socket.
package final class ReadinessLoop: Sendable {
    package enum Direction: Sendable {
        case readable, writable, priority

        fileprivate var mask: UInt32 {
            switch self {
            case .readable: SWL_EPOLLIN
            case .writable: SWL_EPOLLOUT
            case .priority: SWL_EPOLLPRI
            }
        }
    }

    /// Names one registration, for `cancel`.
    package struct Token: Sendable, Hashable {
        fileprivate let number: UInt64
    }

    package typealias Completion = @Sendable (Result<Void, SystemError>) -> Void

    private struct Waiter {
        let descriptor: OwnedFileDescriptor?
        let deadline: Int64?
        let completion: Completion
    }

    private struct State {
        var next: UInt64 = 1
        var waiters: [UInt64: Waiter] = [:]
        /// The time the thread sleeps until; a registration before it has to wake the thread.
        var wakeUp = Int64.max
    }

    private let epoll: OwnedFileDescriptor
    private let wake: OwnedFileDescriptor
    private let state = Mutex(State())

    /// The process' loop. Made on first use; the error, if any, is thrown at every use.
    package static func shared() throws(SystemError) -> ReadinessLoop { try made.get() }

    private static let made = Result<ReadinessLoop, SystemError> { () throws(SystemError) in
        let loop = try ReadinessLoop()
        try DedicatedThread.start(name: "readiness") { loop.run() }
        return loop
    }

    private init() throws(SystemError) {
        epoll = try descriptorCall("epoll_create1") { swl_epoll_create() }
        wake = try descriptorCall("eventfd") { swl_eventfd() }
        try systemCall("epoll_ctl") { swl_epoll_control(epoll.rawValue, SWL_EPOLL_CTL_ADD, wake.rawValue, SWL_EPOLLIN, 0) }
    }

    /// Suspends until the descriptor is ready. Throws `.timedOut` after `timeout` and `CancellationError` when the task is cancelled.
    package func wait(for descriptor: OwnedFileDescriptor, _ direction: Direction = .readable, timeout: Duration? = nil) async throws {
        let deadline = timeout.map { Self.deadline(after: $0) }
        let pending = Mutex<PendingWait>(.idle)
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                do throws(SystemError) {
                    let token = try register(descriptor, direction, deadline: deadline) {
                        continuation.resume(
                            with: $0.mapError { (error) -> any Error in
                                if error.code == .closed { return CancellationError() }
                                return error
                            })
                    }
                    let cancelled = pending.withLock { state in
                        if case .cancelled = state { return true }
                        state = .waiting(token)
                        return false
                    }
                    if cancelled { cancel(token) }
                } catch {
                    continuation.resume(throwing: error)
                }
            }
        } onCancel: {
            let token: Token? = pending.withLock { state in
                defer { state = .cancelled }
                if case .waiting(let token) = state { return token }
                return nil
            }
            if let token { cancel(token) }
        }
        try Task.checkCancellation()
    }

    private enum PendingWait {
        case idle
        case waiting(Token)
        case cancelled
    }

    /// Suspends for so long; `CancellationError` ends it early. For back-off between tries, never for polling.
    package func pause(_ duration: Duration) async throws {
        do {
            try await wait(for: wake, .priority, timeout: duration)
        } catch let error as SystemError where error.code == .timedOut {}
    }

    /// Calls `completion` once, on the loop's thread, when the time has come.
    package func schedule(after delay: Duration, _ completion: @escaping Completion) -> Token {
        let deadline = Self.deadline(after: delay)
        let (token, wakes) = add(Waiter(descriptor: nil, deadline: deadline, completion: completion))
        if wakes { interrupt() }
        return token
    }

    /// Calls `completion` once, on the loop's thread: success when the descriptor is ready, `.timedOut` after the deadline
    /// (monotonic nanoseconds), `.closed` after `cancel`. The descriptor may be closed while waiting; the loop holds a copy.
    package func register(
        _ descriptor: OwnedFileDescriptor, _ direction: Direction, deadline: Int64? = nil, _ completion: @escaping Completion
    ) throws(SystemError) -> Token {
        // A copy, because epoll knows a descriptor by number: two waiters on one number would collide.
        let copy = try descriptor.duplicate()
        let (token, wakes) = add(Waiter(descriptor: copy, deadline: deadline, completion: completion))
        do {
            try systemCall("epoll_ctl") {
                copy.withRawValue { swl_epoll_control(epoll.rawValue, SWL_EPOLL_CTL_ADD, $0, direction.mask | SWL_EPOLLONESHOT, token.number) }
            }
        } catch {
            if remove(token) == nil { return token }
            throw error
        }
        if wakes { interrupt() }
        return token
    }

    /// Ends a registration: its completion is called with `.closed` here, unless it has been called already.
    package func cancel(_ token: Token) {
        remove(token)?.completion(.failure(SystemError(code: .closed, call: "wait", detail: "cancelled")))
    }

    // MARK: -

    private static func deadline(after delay: Duration) -> Int64 {
        let (sum, overflow) = KernelClock.monotonic.addingReportingOverflow(max(0, delay.nanoseconds))
        return overflow ? .max : sum
    }

    private func add(_ waiter: Waiter) -> (token: Token, wakes: Bool) {
        state.withLock { state in
            let number = state.next
            state.next += 1
            state.waiters[number] = waiter
            guard let deadline = waiter.deadline, deadline < state.wakeUp else { return (Token(number: number), false) }
            state.wakeUp = deadline
            return (Token(number: number), true)
        }
    }

    private func remove(_ token: Token) -> Waiter? {
        guard let waiter = state.withLock({ $0.waiters.removeValue(forKey: token.number) }) else { return nil }
        // Closing is not enough: the caller's descriptor keeps the open file, and with it the registration.
        if let copy = waiter.descriptor {
            copy.withRawValue { _ = swl_epoll_control(epoll.rawValue, SWL_EPOLL_CTL_DEL, $0, 0, 0) }
            copy.close()
        }
        return waiter
    }

    private func interrupt() {
        var one: UInt64 = 1
        wake.withRawValue { _ = Glibc.write($0, &one, 8) }
    }

    private static let batch = 64

    private func run() {
        let tokens = UnsafeMutablePointer<UInt64>.allocate(capacity: Self.batch)
        while true { turn(tokens) }
    }

    /// Not part of the loop, which never ends: the compiler owes nothing to values that die on a way to nowhere, and they would leak.
    @inline(never)
    private func turn(_ tokens: UnsafeMutablePointer<UInt64>) {
        let (timeout, expired) = dueTimers()
        for token in expired { remove(token)?.completion(.failure(SystemError(code: .timedOut, call: "wait", errno: ETIMEDOUT))) }
        guard expired.isEmpty else { return }
        let count = Int(swl_epoll_wait(epoll.rawValue, tokens, Int32(Self.batch), timeout))
        guard count > 0 else { return }
        for number in UnsafeBufferPointer(start: tokens, count: count) {
            if number == 0 {
                var drained: UInt64 = 0
                wake.withRawValue { _ = Glibc.read($0, &drained, 8) }
            } else {
                remove(Token(number: number))?.completion(.success(()))
            }
        }
    }

    /// The milliseconds to sleep (-1: until an event), and the timers that are due already.
    private func dueTimers() -> (timeout: Int32, expired: [Token]) {
        state.withLock { state in
            guard state.wakeUp < .max else { return (-1, []) }
            let now = KernelClock.monotonic
            // Looked through only when something may be due; a cancelled timer costs one look in vain.
            if now < state.wakeUp { return (Self.milliseconds(state.wakeUp - now), []) }
            var expired: [Token] = []
            var earliest = Int64.max
            for (number, waiter) in state.waiters {
                guard let deadline = waiter.deadline else { continue }
                if deadline <= now { expired.append(Token(number: number)) } else { earliest = min(earliest, deadline) }
            }
            state.wakeUp = earliest
            if earliest == .max { return (-1, expired) }
            return (Self.milliseconds(earliest - now), expired)
        }
    }

    /// Rounded up: waking a moment early would spin.
    private static func milliseconds(_ nanoseconds: Int64) -> Int32 { Int32(min(nanoseconds / 1_000_000 + 1, 3_600_000)) }
}
