import CLinux
import Glibc
import Synchronization

/// A child of this process, started without copying it (vfork semantics) and watched by pidfd.
package final class ChildProcess: Sendable {
    /// The program to start. It inherits only the descriptors named here; signal handlers are reset, the mask is empty.
    package struct Request: Sendable {
        /// An absolute path; no search in $PATH.
        package var executable: String
        /// With the name of the program as first element.
        package var arguments: [String]
        /// `NAME=value`
        package var environment: [String]
        package var directory: String?
        /// The child's descriptors 0, 1, 2, ... at most 16; `nil` is /dev/null. All others are closed.
        package var descriptors: [OwnedFileDescriptor?]
        /// A cgroup directory the child is in before its first instruction.
        package var cgroup: String?
        /// A session of its own, so that no terminal signal of the agent reaches it.
        package var newSession: Bool

        package init(
            executable: String, arguments: [String]? = nil, environment: [String] = [], directory: String? = nil,
            descriptors: [OwnedFileDescriptor?] = [nil, nil, nil], cgroup: String? = nil, newSession: Bool = true
        ) {
            self.executable = executable
            self.arguments = arguments ?? [executable]
            self.environment = environment
            self.directory = directory
            self.descriptors = descriptors
            self.cgroup = cgroup
            self.newSession = newSession
        }
    }

    package let pidFD: PidFD
    private let status = Mutex<ExitStatus?>(nil)

    package var pid: Int32 { pidFD.pid }

    /// Starts the program. An executable that cannot be executed is an error here (`execve`), not an exit status.
    package init(_ request: Request) throws(SystemError) {
        let cgroup = try request.cgroup.map { (path) throws(SystemError) in
            try OwnedFileDescriptor.open(path + "/cgroup.procs", O_WRONLY)
        }
        let argv = CStringArray(request.arguments)
        let envp = CStringArray(request.environment)
        let descriptors = request.descriptors.map { $0?.rawValue ?? -1 }
        var pidfd: Int32 = -1
        var failedStep: UnsafePointer<CChar>?
        let pid = request.executable.withCString { path in
            withOptionalCString(request.directory) { directory in
                descriptors.withUnsafeBufferPointer { fds in
                    var raw = swl_spawn_request(
                        path: path, argv: argv.pointer, envp: envp.pointer, directory: directory, fds: fds.baseAddress,
                        fd_count: UInt32(fds.count), cgroup_procs_fd: cgroup?.rawValue ?? -1, new_session: request.newSession ? 1 : 0)
                    return swl_spawn(&raw, &pidfd, &failedStep)
                }
            }
        }
        let number = errno
        extendLifetime((argv, envp, request, cgroup))
        guard pid > 0 else {
            throw SystemError(call: failedStep.map { String(cString: $0) } ?? "clone", path: request.executable, errno: number)
        }
        pidFD = PidFD(adopting: OwnedFileDescriptor(pidfd), pid: pid)
    }

    /// Kills and reaps a child that was not waited for, so that no zombie stays.
    deinit {
        guard status.withLock({ $0 == nil }) else { return }
        try? pidFD.signal(SIGKILL)
        let pidFD = pidFD
        _ = try? ReadinessLoop.shared().register(pidFD.descriptor, .readable) { _ in _ = try? pidFD.reap() }
    }

    package func signal(_ number: Int32) throws(SystemError) { try pidFD.signal(number) }

    /// Suspends until the child has ended. May be called again. `.timedOut` leaves the child running.
    package func exitStatus(timeout: Duration? = nil) async throws -> ExitStatus {
        if let known = status.withLock({ $0 }) { return known }
        try await pidFD.waitForExit(timeout: timeout)
        let result = status.withLock { known -> Result<ExitStatus?, SystemError> in
            if let known { return .success(known) }
            return Result { () throws(SystemError) in
                known = try pidFD.reap()
                return known
            }
        }
        guard let ended = try result.get() else {
            throw SystemError(code: .malformed, call: "waitid", path: "pid \(pid)", detail: "the pidfd is readable but the child has not ended")
        }
        return ended
    }
}

/// A NULL-terminated array of C strings.
private final class CStringArray {
    let pointer: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    init(_ strings: [String]) {
        count = strings.count
        pointer = .allocate(capacity: strings.count + 1)
        for (index, string) in strings.enumerated() { (pointer + index).initialize(to: strdup(string)) }
        (pointer + strings.count).initialize(to: nil)
    }

    deinit {
        for index in 0..<count { free(pointer[index]) }
        pointer.deallocate()
    }
}

private func withOptionalCString<R>(_ text: String?, _ body: (UnsafePointer<CChar>?) -> R) -> R {
    guard let text else { return body(nil) }
    return text.withCString { body($0) }
}
