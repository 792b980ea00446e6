import CLinux
import Glibc

/// Threads outside the cooperative pool, for what blocks or changes the thread itself.
package enum DedicatedThread {
    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Starts a detached thread with a small stack. All signals are blocked in it: they belong to the main thread.
    package static func start(
        name: String, stackSize: Int = 512 << 10, _ body: @escaping @Sendable () -> Void
    ) throws(SystemError) {
        var attributes = pthread_attr_t()
        try threadCall("pthread_attr_init") { pthread_attr_init(&attributes) }
        defer { pthread_attr_destroy(&attributes) }
        try threadCall("pthread_attr_setstacksize") { pthread_attr_setstacksize(&attributes, stackSize) }
        try threadCall("pthread_attr_setdetachstate") { pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED)) }

        // A new thread inherits the mask of its maker, so that no signal can arrive before it blocks them itself.
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        try threadCall("pthread_sigmask") { pthread_sigmask(SIG_SETMASK, &all, &before) }
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }

        let box = Unmanaged.passRetained(
            Body {
                // The kernel keeps 15 characters.
                swl_set_thread_name(String(decoding: name.utf8.prefix(15), as: UTF8.self))
                body()
            })
        var thread = pthread_t()
        let number = pthread_create(
            &thread, &attributes,
            { argument in
                if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, box.toOpaque())
        if number != 0 {
            box.release()
            throw SystemError(call: "pthread_create", path: name, errno: number)
        }
    }

    /// Runs `body` on a thread of its own that ends with it. For work that changes its thread (namespaces, credentials).
    ///
    /// A second thread resumes the caller: that may make the pool start a worker, which inherits everything from the thread
    /// that it is started on, and would carry a pod's namespace into the tasks of the agent.
    package static func run<T: Sendable>(name: String, _ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            do {
                try start(name: name) { continuation.resume(with: Result { try runBlocking(name: name, body) }) }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    /// Like `run`, for callers that may block: waits until the thread has finished.
    package static func runBlocking<T: Sendable>(name: String, _ body: @escaping @Sendable () throws -> T) throws -> T {
        let condition = ThreadCondition<Result<T, any Error>?>(nil)
        try start(name: name) {
            let result = Result { try body() }
            condition.withLock { $0 = result }
            condition.wakeAll()
        }
        return try condition.wait { $0 }.get()
    }
}
