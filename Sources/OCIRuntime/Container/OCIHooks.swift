import CLinux
import FoundationEssentials
import Glibc
import LinuxSystem
import PodCore
import ShimClient

/// Programs of the host that a bundle wants to have run, each with the container's state on its standard input.
enum OCIHooks {
    /// F_SETPIPE_SZ, which the C library declares for `_GNU_SOURCE` only.
    private static let setPipeSize: Int32 = 1031

    /// Runs the hooks one after the other until one fails.
    static func run(_ hooks: [OCISpec.Hook], _ name: String, _ state: OCIState) async throws(RuntimeFailure) {
        for hook in hooks { try await run(hook, name, state) }
    }

    /// Runs all hooks, whose failures change nothing, and returns the problems.
    static func attempt(_ hooks: [OCISpec.Hook], _ name: String, _ state: OCIState) async -> [String] {
        var problems: [String] = []
        for hook in hooks {
            do throws(RuntimeFailure) {
                try await run(hook, name, state)
            } catch {
                problems.append("\(error)")
            }
        }
        return problems
    }

    private static func run(_ hook: OCISpec.Hook, _ name: String, _ state: OCIState) async throws(RuntimeFailure) {
        let text = Array(try state.json(pretty: false).utf8)
        do {
            let input = try Pipe()
            // Written before the hook reads: without a pipe that holds it all the hook could never be started.
            let size = input.writeEnd.withRawValue { fcntl($0, setPipeSize, Int32(clamping: max(65536, text.count))) }
            guard size >= text.count else { throw SystemError(call: "fcntl F_SETPIPE_SZ", errno: errno) }
            try input.writeEnd.writeAll(text)
            input.writeEnd.close()
            let child = try ChildProcess(
                ChildProcess.Request(
                    executable: hook.path, arguments: (hook.args ?? []).isEmpty ? [hook.path] : hook.args,
                    environment: hook.env ?? OCISpec.Hook.hostEnvironment,
                    directory: state.bundle,
                    descriptors: [input.readEnd, try OwnStreams.inherited(STDOUT_FILENO), try OwnStreams.inherited(STDERR_FILENO)]))
            input.readEnd.close()
            let status: ExitStatus
            do {
                status = try await child.exitStatus(timeout: hook.timeout.map { .seconds($0) })
            } catch let error as SystemError where error.code == .timedOut {
                try? child.signal(SIGKILL)
                _ = try? await child.exitStatus(timeout: .seconds(10))
                throw RuntimeFailure(
                    .create, "the \(name) hook \(hook.path) has not ended within its timeout of \(hook.timeout ?? 0) s and was killed")
            }
            guard status.isSuccess else { throw RuntimeFailure(.create, "the \(name) hook \(hook.path) ended with \(status), wanted exit code 0") }
        } catch let failure as RuntimeFailure {
            throw failure
        } catch {
            throw RuntimeFailure(.create, "the \(name) hook \(hook.path) cannot be run: \(error)")
        }
    }
}
