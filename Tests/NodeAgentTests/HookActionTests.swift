import KubeModel
import PodCore
import Synchronization
import TestSupport
import Testing
import Timing

@testable import NodeAgent

@Suite("Lifecycle hooks of containers", .timeLimit(.minutes(1)))
struct HookActionTests {
    private let bench = NodeBench()
    private var node: FakeNode { bench.node }

    private func run(_ handler: String, _ hook: HookKind = .postStart, timeout: Duration? = nil) async throws -> HookResult {
        let name = hook == .postStart ? "postStart" : "preStop"
        let snapshot = try NodeBench.snapshot(#""lifecycle":{"\#(name)":{\#(handler)}}"#)
        return await bench.runner.runHook(hook, of: "main", id: "id-1", sandboxID: "sandbox", timeout: timeout, snapshot)
    }

    @Test("a command runs as it is written, within the grace period")
    func command() async throws {
        node.state.withLock { $0.execs = [.exit(0, stdout: "x")] }
        #expect(try await run(#""exec":{"command":["echo","$(A)"]}"#, .preStop, timeout: .seconds(20)) == .done)
        let request = try #require(node.state.withLock { $0.execRequests.first })
        #expect(request.command == ["echo", "$(A)"] && request.timeout == .seconds(20) && request.containerID == "id-1")
    }

    @Test("a failed command's message has kubelet's form")
    func failedCommand() async throws {
        node.state.withLock { $0.execs = [.exit(5, stderr: "bad\n")] }
        let expected =
            "Exec lifecycle hook ([sh -c echo bad >&2; exit 5]) for Container \"main\" in Pod \"web_default(u1)\" failed - error: "
            + "command 'sh -c echo bad >&2; exit 5' exited with 5: bad\n, message: \"bad\\n\""
        #expect(try await run(#""exec":{"command":["sh","-c","echo bad >&2; exit 5"]}"#) == .failed(message: expected))
    }

    @Test(
        "a command that did not run to its end is a failure",
        arguments: [
            (FakeExec(end: .failure(RuntimeFailure(.timedOut, "killed"))), #"command timed out: "a b" timed out after 2s, message: """#),
            (FakeExec(startFailure: RuntimeFailure(.start, "no such file")), #"no such file, message: """#),
        ])
    func unfinishedCommand(exec: FakeExec, reason: String) async throws {
        node.state.withLock { $0.execs = [exec] }
        let expected = #"Exec lifecycle hook ([a b]) for Container "main" in Pod "web_default(u1)" failed - error: \#(reason)"#
        #expect(try await run(#""exec":{"command":["a","b"]}"#, .preStop, timeout: .seconds(2)) == .failed(message: expected))
        #expect(node.state.withLock { $0.execRequests.count } == 1)
    }

    @Test("a request says that it comes from a hook")
    func request() async throws {
        #expect(try await run(#""httpGet":{"port":"web","path":"/x"}"#, .preStop, timeout: .seconds(9)) == .done)
        let check = try #require(node.probes.state.withLock { $0.requests.first })
        #expect(check.url == "http://10.0.0.7:8080/x" && check.headers.first == .init("User-Agent", "kube-lifecycle/1.36"))
        #expect(node.probes.state.withLock { $0.timeouts } == [.seconds(9)])
    }

    @Test("a request without an answer is a failure")
    func failedRequest() async throws {
        node.probes.state.withLock { $0.failures = [HTTPRequestFailure("Get: refused")] }
        let expected = #"HTTP lifecycle hook (/x) for Container "main" in Pod "web_default(u1)" failed - error: Get: refused"#
        #expect(try await run(#""httpGet":{"port":1,"path":"/x"}"#) == .failed(message: expected))
        #expect(try await run(#""httpGet":{"port":"no","path":"/x"}"#) != .done)
        #expect(node.probes.state.withLock { $0.requests.count } == 1)
    }

    @Test("a peer that answers TLS in plain HTTP is asked without TLS and without credentials, which an event reports")
    func fallback() async throws {
        let headers = #""httpHeaders":[{"name":"authorization","value":"secret"},{"name":"X-A","value":"1"}]"#
        let action = #""httpGet":{"port":1,"scheme":"HTTPS",\#(headers)}"#
        try await bench.run {
            node.probes.state.withLock { $0.failures = [HTTPRequestFailure("plain", isPlainAnswer: true)] }
            let result = try await run(action)
            #expect(result == .done)
            await bench.events.calls.wait(count: 1)
        }
        let requests = node.probes.state.withLock { $0.requests }
        #expect(requests.map(\.scheme) == [.https, .http])
        #expect(requests.map { $0.headers.map(\.name) } == [["User-Agent", "Accept", "Authorization", "X-A"], ["User-Agent", "Accept", "X-A"]])
        let event = try #require(bench.events.created.first)
        #expect(event.reason == "LifecycleHTTPFallback" && event.type == "Warning" && event.involvedObject.fieldPath == nil)
        #expect(event.message == "request to HTTPS lifecycle hook 10.0.0.7:1 got HTTP response, retry with HTTP succeeded")
    }

    @Test("a peer that fails without TLS too is a failure with the first reason")
    func failedFallback() async throws {
        node.probes.state.withLock { $0.failures = [HTTPRequestFailure("plain", isPlainAnswer: true), HTTPRequestFailure("second")] }
        let expected = #"HTTP lifecycle hook () for Container "main" in Pod "web_default(u1)" failed - error: plain"#
        #expect(try await run(#""httpGet":{"port":1,"scheme":"HTTPS"}"#) == .failed(message: expected))
    }

    @Test("a sleep lasts as long as it says, at most the grace period", arguments: [(nil, 60), (Duration.seconds(20), 20), (.seconds(90), 60)])
    func sleep(timeout: Duration?, length: Int) async throws {
        async let result = run(#""sleep":{"seconds":60}"#, .preStop, timeout: timeout)
        await bench.time.waitForSleeper(until: .seconds(length))
        bench.time.advance(by: .seconds(length))
        #expect(try await result == .done)
    }

    @Test("a sleep ends with its container")
    func cancelledSleep() async throws {
        let hook = Task { try await run(#""sleep":{"seconds":60}"#, .preStop) }
        await bench.time.sleeps.wait(count: 1)
        hook.cancel()
        let expected =
            #"Sleep lifecycle hook (60) for Container "main" in Pod "web_default(u1)" failed - error: container terminated before sleep hook finished"#
        #expect(try await hook.value == .failed(message: expected))
    }

    @Test("a hook without a known action is a failure", arguments: ["", #""tcpSocket":{"port":1}"#])
    func invalid(handler: String) async throws {
        guard case .failed(let message) = try await run(handler) else { return #expect(Bool(false)) }
        #expect(message.hasPrefix("Cannot run handler: "))
    }
}
