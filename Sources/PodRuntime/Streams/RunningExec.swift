import CLinux
import Glibc
import LinuxSystem
import PodCore
import ShimClient

/// An exec of a shim.
struct RunningExec: Sendable {
    let id: String
    let containerID: String
    let sandbox: Sandbox
    let exit: Promise<Result<ContainerExit, RuntimeFailure>>

    /// Ends the program with everything that it started. An exec that has ended is not an error.
    func kill() async {
        guard exit.ifFulfilled == nil, let connection = sandbox.connection else { return }
        _ = try? await connection.request(SWL_VERB_SIGNAL, timeout: .seconds(10)) { writer in
            writer.string(SWL_TAG_CONTAINER_ID, containerID)
            writer.string(SWL_TAG_EXEC_ID, id)
            writer.layout(SWL_TAG_SIGNAL, swl_signal(signal: SIGKILL, flags: UInt32(SWL_SIGNAL_ALL)))
        }
    }

    /// Kills it when the time is over; its exit is a failure (`.timedOut`) then, whatever the program makes of it.
    func kill(after timeout: Duration) throws(SystemError) {
        let loop = try ReadinessLoop.shared()
        let token = loop.schedule(after: timeout) { result in
            // Its exit by that very signal must not be taken for one of its own.
            guard case .failure(let reason) = result, reason.code == .timedOut, sandbox.forgetExec(id) else { return }
            // The waiter gets its failure whether or not the shim answers: by then the kill was requested.
            Task {
                await kill()
                exit.fulfil(.failure(RuntimeFailure(.timedOut, "the command did not end within \(timeout) and was killed")))
            }
        }
        exit.onFulfilled { _ in loop.cancel(token) }
    }
}
