package import KubeModel

/// Sandboxes and containers on this node. `PodRuntime` conforms, through the shim.
///
/// Every call is idempotent where it can be: stopping what is stopped and removing what is gone succeed.
package protocol ContainerRuntime: Sendable {
    /// Makes the pod's cgroup and starts the sandbox's pause process. The network is attached by the caller afterwards.
    func createSandbox(_ configuration: SandboxConfiguration) async throws(RuntimeFailure) -> StartedSandbox

    /// Writes the sandbox's addresses into its record, for a restarted agent.
    func record(addresses: [String], ofSandbox sandboxID: String) async throws(RuntimeFailure)

    /// Starts a container; returns once its program was executed.
    func startContainer(_ configuration: ContainerConfiguration, inSandbox sandboxID: String) async throws(RuntimeFailure) -> StartedContainer

    /// Sends a signal to the container's first process. A container that ended is not an error.
    func signal(_ signal: Int32, container containerID: String, inSandbox sandboxID: String) async throws(RuntimeFailure)

    /// Sends the container's stop signal. A container that ended is not an error.
    func stop(container containerID: String, inSandbox sandboxID: String) async throws(RuntimeFailure)

    /// Ends every process of the container's cgroup, and returns when they have ended. The exit comes as an event, with or without the shim.
    func kill(container containerID: String, inSandbox sandboxID: String) async throws(RuntimeFailure)

    /// Removes an ended container: its record, its cgroup, its writable layer. The log stays.
    func removeContainer(_ containerID: String, inSandbox sandboxID: String) async throws(RuntimeFailure)

    /// Returns the user namespace of a pod's running sandbox; `nil` if the pod has the node's ids.
    func userNamespace(ofPod podUID: String) async throws(RuntimeFailure) -> PodUserNamespace?

    /// Ends whatever still runs in the sandbox, the pause process last, and the shim.
    func stopSandbox(_ sandboxID: String) async throws(RuntimeFailure)

    /// Removes a stopped sandbox's records and writable layers, and the pod's cgroup when it was the last sandbox.
    func removeSandbox(_ sandboxID: String) async throws(RuntimeFailure)

    /// Finds the sandboxes that an earlier agent left, reconnects to them and returns their states. Sandboxes that cannot be managed are
    /// ended. A sandbox that cannot be ended is returned as running and without addresses, and its end is reported: it must be stopped.
    func recover() async throws(RuntimeFailure) -> [RecoveredSandbox]

    /// Events that no call caused. One reader; every exit is delivered exactly once after `recover`.
    var events: AsyncStream<RuntimeEvent> { get }

    /// Runs a program in a running container.
    func exec(_ request: ExecRequest) async throws(RuntimeFailure) -> any ContainerStreams

    /// Connects a client with the streams of a running container. Earlier output is in the log alone.
    func attach(_ request: AttachRequest) async throws(RuntimeFailure) -> any ContainerStreams

    /// Reads a container's log file.
    func log(_ request: LogRequest) async throws(RuntimeFailure) -> any LogSession
}

extension ContainerRuntime {
    package func userNamespace(ofPod podUID: String) async throws(RuntimeFailure) -> PodUserNamespace? { nil }
}

package struct StartedSandbox: Sendable, Hashable {
    package let id: String
    package let pausePID: Int32
    /// Path that opens the sandbox's network namespace, while its pause process lives.
    package let networkNamespacePath: String
    package let createdAt: Timestamp
    /// Limits that this host cannot enforce, by cgroup file name.
    package let notEnforced: [String]

    package init(id: String, pausePID: Int32, networkNamespacePath: String, createdAt: Timestamp, notEnforced: [String] = []) {
        self.id = id
        self.pausePID = pausePID
        self.networkNamespacePath = networkNamespacePath
        self.createdAt = createdAt
        self.notEnforced = notEnforced
    }
}

package struct StartedContainer: Sendable, Hashable, Codable {
    package let id: String
    package let pid: Int32
    package let startedAt: Timestamp
    /// Settings that could not be granted although the container runs: for example a limit that may not be raised.
    package let warnings: [String]

    package init(id: String, pid: Int32, startedAt: Timestamp, warnings: [String] = []) {
        self.id = id
        self.pid = pid
        self.startedAt = startedAt
        self.warnings = warnings
    }
}

/// How a container ended.
package struct ContainerExit: Sendable, Hashable, Codable {
    package let startedAt: Timestamp?
    package let finishedAt: Timestamp
    /// The exit code; 128 + signal when a signal ended it.
    package let exitCode: Int
    package let signal: Int?
    /// The kernel killed a process of it for memory.
    package let outOfMemory: Bool
    /// False when nothing recorded the end and the code is a guess (137).
    package let isKnown: Bool

    package init(startedAt: Timestamp?, finishedAt: Timestamp, exitCode: Int, signal: Int? = nil, outOfMemory: Bool = false, isKnown: Bool = true) {
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.exitCode = exitCode
        self.signal = signal
        self.outOfMemory = outOfMemory
        self.isKnown = isKnown
    }
}

package enum RuntimeEvent: Sendable, Hashable {
    case containerExited(sandboxID: String, containerID: String, ContainerExit)
    /// The sandbox's pause process or shim is gone: nothing in it runs any more. May be repeated.
    case sandboxEnded(sandboxID: String)
}

/// A sandbox that outlived the agent that made it.
package struct RecoveredSandbox: Sendable, Hashable {
    package enum ContainerCondition: Sendable, Hashable {
        case running(StartedContainer)
        case exited(ContainerExit)
        /// Launched by an agent that ended before the result of the start.
        case neverStarted
    }

    package struct Container: Sendable, Hashable {
        package let configuration: ContainerConfiguration
        package let condition: ContainerCondition

        package init(configuration: ContainerConfiguration, condition: ContainerCondition) {
            self.configuration = configuration
            self.condition = condition
        }
    }

    package let configuration: SandboxConfiguration
    package let createdAt: Timestamp
    package let addresses: [String]
    /// Pause process and shim live.
    package let isRunning: Bool
    package let networkNamespacePath: String?
    package let containers: [Container]

    package init(
        configuration: SandboxConfiguration, createdAt: Timestamp, addresses: [String], isRunning: Bool, networkNamespacePath: String?,
        containers: [Container]
    ) {
        self.configuration = configuration
        self.createdAt = createdAt
        self.addresses = addresses
        self.isRunning = isRunning
        self.networkNamespacePath = networkNamespacePath
        self.containers = containers
    }
}

/// Why the runtime could not do something.
package struct RuntimeFailure: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Code: Sendable, Hashable {
        /// The sandbox could not be made: event `FailedCreatePodSandBox`.
        case sandbox
        /// Something that the pod asks for is not there, such as a `subPath`: waiting reason `CreateContainerConfigError`.
        case configuration
        /// The container could not be prepared (mounts, cgroup, security): waiting reason `CreateContainerError`.
        case create
        /// Everything was ready, but the program could not be executed: terminated reason `StartError`, exit code 128.
        case start
        /// No such sandbox or container.
        case notFound
        /// The container does not run.
        case notRunning
        /// A memory limit below what is in use: nothing was changed.
        case belowUsage
        /// A command did not end within its time and was killed.
        case timedOut
        /// This sandbox's shim was started by an earlier agent and does not know how. The pod's next sandbox will.
        case notSupported
        /// The shim did not answer, or something else inside failed.
        case `internal`
    }

    package let code: Code
    /// Found, wanted, what to do.
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
