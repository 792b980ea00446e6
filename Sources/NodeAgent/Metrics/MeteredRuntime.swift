package import CoreMetrics
import MetricsStore
package import PodCore
package import Timing

/// A runtime whose operations are counted and timed, by the names that kubelet gives them.
package struct MeteredRuntime: ContainerRuntime {
    private let base: any ContainerRuntime
    private let metrics: any MetricsFactory
    private let time: any TimeSource

    package init(_ base: any ContainerRuntime, metrics: any MetricsFactory, time: any TimeSource) {
        self.base = base
        self.metrics = metrics
        self.time = time
    }

    private func metered<Result>(
        _ operation: String, _ body: () async throws(RuntimeFailure) -> Result
    ) async throws(RuntimeFailure) -> Result {
        let began = time.now()
        do throws(RuntimeFailure) {
            let result = try await body()
            metrics.note(operation, time.now() - began, failed: false)
            return result
        } catch {
            metrics.note(operation, time.now() - began, failed: true)
            throw error
        }
    }

    package func createSandbox(_ configuration: SandboxConfiguration) async throws(RuntimeFailure) -> StartedSandbox {
        try await metered("run_podsandbox") { () async throws(RuntimeFailure) in try await base.createSandbox(configuration) }
    }

    package func record(addresses: [String], ofSandbox sandboxID: String) async throws(RuntimeFailure) {
        try await base.record(addresses: addresses, ofSandbox: sandboxID)
    }

    package func startContainer(_ configuration: ContainerConfiguration, inSandbox sandboxID: String) async throws(RuntimeFailure)
        -> StartedContainer
    {
        try await metered("start_container") { () async throws(RuntimeFailure) in
            try await base.startContainer(configuration, inSandbox: sandboxID)
        }
    }

    package func userNamespace(ofPod podUID: String) async throws(RuntimeFailure) -> PodUserNamespace? {
        try await base.userNamespace(ofPod: podUID)
    }

    package func signal(_ signal: Int32, container containerID: String, inSandbox sandboxID: String) async throws(RuntimeFailure) {
        try await base.signal(signal, container: containerID, inSandbox: sandboxID)
    }

    package func stop(container containerID: String, inSandbox sandboxID: String) async throws(RuntimeFailure) {
        try await metered("stop_container") { () async throws(RuntimeFailure) in try await base.stop(container: containerID, inSandbox: sandboxID) }
    }

    package func kill(container containerID: String, inSandbox sandboxID: String) async throws(RuntimeFailure) {
        try await metered("stop_container") { () async throws(RuntimeFailure) in try await base.kill(container: containerID, inSandbox: sandboxID) }
    }

    package func removeContainer(_ containerID: String, inSandbox sandboxID: String) async throws(RuntimeFailure) {
        try await metered("remove_container") { () async throws(RuntimeFailure) in
            try await base.removeContainer(containerID, inSandbox: sandboxID)
        }
    }

    package func stopSandbox(_ sandboxID: String) async throws(RuntimeFailure) {
        try await metered("stop_podsandbox") { () async throws(RuntimeFailure) in try await base.stopSandbox(sandboxID) }
    }

    package func removeSandbox(_ sandboxID: String) async throws(RuntimeFailure) {
        try await metered("remove_podsandbox") { () async throws(RuntimeFailure) in try await base.removeSandbox(sandboxID) }
    }

    package func recover() async throws(RuntimeFailure) -> [RecoveredSandbox] {
        try await metered("list_podsandbox") { () async throws(RuntimeFailure) in try await base.recover() }
    }

    package var events: AsyncStream<RuntimeEvent> { base.events }

    /// A command with a time limit is `exec_sync`, which lasts until the command has ended.
    package func exec(_ request: ExecRequest) async throws(RuntimeFailure) -> any ContainerStreams {
        guard request.timeout != nil else {
            return try await metered("exec") { () async throws(RuntimeFailure) in try await base.exec(request) }
        }
        let began = time.now()
        do throws(RuntimeFailure) {
            return MeteredStreams(try await base.exec(request)) { [metrics, time] failed in
                metrics.note("exec_sync", time.now() - began, failed: failed)
            }
        } catch {
            metrics.note("exec_sync", time.now() - began, failed: true)
            throw error
        }
    }

    package func attach(_ request: AttachRequest) async throws(RuntimeFailure) -> any ContainerStreams {
        try await metered("attach") { () async throws(RuntimeFailure) in try await base.attach(request) }
    }

    package func log(_ request: LogRequest) async throws(RuntimeFailure) -> any LogSession { try await base.log(request) }
}

extension MetricsFactory {
    /// Counts an operation of the runtime.
    func note(_ operation: String, _ duration: Duration, failed: Bool) {
        count(.runtimeOperations, operation)
        observe(.runtimeOperationsDuration, operation, duration: duration)
        if failed { count(.runtimeOperationsErrors, operation) }
    }
}
