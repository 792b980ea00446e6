import KubeModel
import PodCore
import Synchronization
import TestSupport
import Testing

@testable import NodeAgent

@Suite("Probes of containers", .timeLimit(.minutes(1)))
struct ProbeActionTests {
    private let bench = NodeBench()
    private var node: FakeNode { bench.node }

    private func probe(_ fields: String, _ kind: ProbeKind = .readiness, _ change: (inout Pod) -> Void = { _ in }) async throws -> ProbeResult {
        let snapshot = try NodeBench.snapshot(#""\#(kind.rawValue.lowercased())Probe":{\#(fields)}"#, change)
        return await bench.runner.probe(kind, of: "main", id: "id-1", sandboxID: "sandbox", snapshot)
    }

    private func run(_ execs: [FakeExec], _ fields: String = #""exec":{"command":["sh","-c","true"]}"#) async throws -> ProbeResult {
        node.state.withLock { $0.execs = execs }
        return try await probe(fields)
    }

    @Test("the probe of the asked kind runs", arguments: ProbeKind.allCases)
    func kinds(kind: ProbeKind) async throws {
        let fields = ProbeKind.allCases.enumerated().map { #""\#($1.rawValue.lowercased())Probe":{"tcpSocket":{"port":\#($0 + 1)}}"# }
        let snapshot = try NodeBench.snapshot(fields.joined(separator: ","))
        _ = await bench.runner.probe(kind, of: "main", id: "id-1", sandboxID: "sandbox", snapshot)
        let port = try #require(ProbeKind.allCases.firstIndex(of: kind)) + 1
        #expect(node.probes.state.withLock { $0.targets } == [.tcp(host: "10.0.0.7", port: port)])
    }

    @Test("a command runs in the container, with its timeout and variables")
    func command() async throws {
        let fields = #""exec":{"command":["cat","$(HOME)"]},"timeoutSeconds":3"#
        #expect(try await run([.exit(0, stdout: "fine")], fields) == .success(warning: nil))
        let request = try #require(node.state.withLock { $0.execRequests.first })
        #expect(request.sandboxID == "sandbox" && request.containerID == "id-1" && request.command == ["cat", "$(HOME)"])
        #expect(request.timeout == .seconds(3) && !request.stdin && request.stdout && request.stderr && !request.terminal)
    }

    @Test("a failed command's output is the message, stdout first, ten kilobytes at most")
    func output() async throws {
        #expect(try await run([.exit(1, stdout: "out\n", stderr: "err\n")]) == .failure(message: "out\nerr\n"))
        let long = String(repeating: "x", count: 9 << 10)
        let kept = long + String(repeating: "y", count: 1 << 10)
        let exec = FakeExec(
            [.stdout(Array(long.utf8)), .stderr(Array(repeating: UInt8(ascii: "y"), count: 20 << 10)), .stderr([1])], end: .success(2))
        #expect(try await run([exec]) == .failure(message: kept))
    }

    @Test("a command that does not end in time is a failure")
    func timeout() async throws {
        let exec = FakeExec([.stdout([65])], end: .failure(RuntimeFailure(.timedOut, "killed")))
        #expect(try await run([exec]) == .failure(message: #"command timed out: "sh -c true" timed out after 1s"#))
        #expect(node.state.withLock { $0.execRequests.count } == 1)
    }

    @Test("a command that cannot be run is tried three times")
    func tries() async throws {
        let failure = FakeExec(startFailure: RuntimeFailure(.start, "no such file"))
        #expect(try await run([failure, failure, .exit(0)]) == .success(warning: nil))
        #expect(try await run([failure, failure, failure, .exit(0)]) == .unknown(message: "no such file"))
        #expect(node.state.withLock { $0.execRequests.count } == 6)
    }

    @Test("a cancelled probe kills its command")
    func cancelled() async throws {
        let exec = FakeExec(endless: bench.time)
        node.state.withLock { $0.execs = [exec] }
        let snapshot = try NodeBench.snapshot(#""livenessProbe":{"exec":{"command":["sleep"]}}"#)
        let runner = bench.runner
        let probe = Task { await runner.probe(.liveness, of: "main", id: "id-1", sandboxID: "sandbox", snapshot) }
        await bench.time.sleeps.wait(count: 1)
        probe.cancel()
        #expect(await probe.value == .unknown(message: "cancelled"))
        #expect(exec.did.entries == ["terminate"])
        #expect(node.state.withLock { $0.execRequests.count } == 1)
    }

    @Test("a check over the network gets its target and timeout, and its result is the probe's")
    func network() async throws {
        let results: [ProbeResult] = [.failure(message: "no"), .success(warning: "look"), .unknown(message: "1"), .unknown(message: "2")]
        node.probes.state.withLock { $0.results = results }
        let fields = #""httpGet":{"port":"web","path":"/x"},"timeoutSeconds":7"#
        #expect(try await probe(fields) == .failure(message: "no"))
        #expect(try await probe(fields) == .success(warning: "look"))
        #expect(try await probe(fields) == .success(warning: nil))
        #expect(node.probes.state.withLock { $0.timeouts } == Array(repeating: .seconds(7), count: 5))
        guard case .http(let check) = node.probes.state.withLock({ $0.targets[0] }) else { return #expect(Bool(false)) }
        #expect(check.url == "http://10.0.0.7:8080/x")
    }

    @Test("a pod on the node's network is reached at the node's address")
    func hostNetwork() async throws {
        _ = try await probe(#""grpc":{"port":9}"#) { $0.spec.hostNetwork = true }
        #expect(node.probes.state.withLock { $0.targets } == [.grpc(host: "192.0.2.1", port: 9, service: "")])
    }

    @Test("a probe that cannot be planned is unknown")
    func unplanned() async throws {
        #expect(try await probe(#""tcpSocket":{"port":"nope"}"#) == .unknown(message: #"strconv.Atoi: parsing "nope": invalid syntax"#))
        let none = await bench.runner.probe(.startup, of: "main", id: "id-1", sandboxID: "sandbox", try NodeBench.snapshot(#""image":"app""#))
        #expect(none == .unknown(message: "container main has no startup probe"))
    }
}
