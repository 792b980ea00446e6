import CLinux
import Glibc
import LinuxSystem

/// Runs one closure on a thread of its own inside a network namespace. The thread ends with the closure, so that no
/// pooled thread is ever left in a foreign namespace.
enum NamespaceThread {
    private final class Job {
        let descriptor: Int32
        let body: () throws(SystemError) -> Void
        var error: SystemError?

        init(descriptor: Int32, body: @escaping () throws(SystemError) -> Void) {
            self.descriptor = descriptor
            self.body = body
        }

        func run() {
            do throws(SystemError) {
                try systemCall("setns", "network namespace") { swl_setns(descriptor, SWL_CLONE_NEWNET) }
                try body()
            } catch {
                self.error = error
            }
        }
    }

    /// Waits for the thread: `body` must be short (open a socket, nothing more).
    static func run(in descriptor: Int32, _ body: () throws(SystemError) -> Void) throws(SystemError) {
        let error = withoutActuallyEscaping(body) { body -> SystemError? in
            let job = Job(descriptor: descriptor, body: body)
            var thread = pthread_t()
            do throws(SystemError) {
                try threadCall("pthread_create") {
                    pthread_create(
                        &thread, nil,
                        { argument in
                            if let argument { Unmanaged<Job>.fromOpaque(argument).takeUnretainedValue().run() }
                            return nil
                        }, Unmanaged.passUnretained(job).toOpaque())
                }
            } catch {
                return error
            }
            pthread_join(thread, nil)
            return job.error
        }
        if let error { throw error }
    }
}
