import Exposition
import KubeModel
import MetricsStore
import PodCore
import Synchronization
import TestSupport
import Testing

@testable import NodeAgent

@Suite(.timeLimit(.minutes(1))) struct MeteredRuntimeTests {
    private let registry = MetricsRegistry(Catalogue.node)
    private let node = FakeNode()
    private let time = ManualTime()
    private var runtime: MeteredRuntime { MeteredRuntime(node, metrics: registry, time: time) }

    private func page() throws -> ParsedExposition {
        var writer = ExpositionWriter()
        registry.write(into: &writer)
        return try ParsedExposition(String(decoding: writer.bytes, as: UTF8.self))
    }

    @Test("operations are counted by kubelet's names, failures too")
    func operations() async throws {
        _ = try await runtime.createSandbox(
            SandboxConfiguration(id: "s", pod: PodIdentity(namespace: "a", name: "b", uid: "c"), attempt: 0, hostname: "b", qosClass: "BestEffort"))
        _ = try await runtime.startContainer(NodeBench.configuration(id: "c1"), inSandbox: "s")
        try await runtime.stop(container: "c1", inSandbox: "s")
        let page = try page()
        for operation in ["run_podsandbox", "start_container", "stop_container"] {
            #expect(page["kubelet_runtime_operations_total{operation_type=\"\(operation)\"}"] == 1, "\(operation)")
            #expect(page["kubelet_runtime_operations_duration_seconds_count{operation_type=\"\(operation)\"}"] == 1, "\(operation)")
        }
        #expect(page["kubelet_runtime_operations_errors_total{operation_type=\"stop_container\"}"] == nil)
    }

    @Test("a command with a time limit counts when it has ended, and its failure as an error")
    func execSync() async throws {
        node.state.withLock { $0.execs = [.exit(0, stdout: "x"), .exit(1, stdout: "")] }
        let request = ExecRequest(
            sandboxID: "s", containerID: "c", command: ["x"], stdin: false, stdout: true, stderr: true, timeout: .seconds(1))
        for code in 0...1 {
            let streams = try await runtime.exec(request)
            #expect(try page()["kubelet_runtime_operations_total{operation_type=\"exec_sync\"}"] == (code == 0 ? nil : 1))
            while try await streams.read() != nil {}
            #expect(try await streams.exitCode() == code)
        }
        let page = try page()
        #expect(page["kubelet_runtime_operations_total{operation_type=\"exec_sync\"}"] == 2)
        #expect(page["kubelet_runtime_operations_errors_total{operation_type=\"exec_sync\"}"] == 1)
    }

    @Test("a command whose streams are given up counts once, as an error")
    func execSyncGivenUp() async throws {
        node.state.withLock { $0.execs = [.exit(0, stdout: "x"), .exit(0, stdout: "x")] }
        let request = ExecRequest(
            sandboxID: "s", containerID: "c", command: ["x"], stdin: false, stdout: true, stderr: true, timeout: .seconds(1))
        let streams = try await runtime.exec(request)
        await streams.terminate()
        _ = try? await streams.exitCode()
        // Nobody asks how this one ended.
        _ = try await runtime.exec(request).read()
        let page = try page()
        #expect(page["kubelet_runtime_operations_total{operation_type=\"exec_sync\"}"] == 2)
        #expect(page["kubelet_runtime_operations_errors_total{operation_type=\"exec_sync\"}"] == 2)
    }
}
