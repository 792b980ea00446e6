import Exposition
import HTTPTypes
import KubeModel
import MetricsStore
import NIOCore
import NIOHTTP1
import NodeServer
import PodCore
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct AgentPageTests {
    private func answer(
        _ path: String, method: String = "GET", runtime: FakeRuntime = FakeRuntime()
    ) async throws -> (status: Int, type: String, text: String) {
        let routes = NodeRoutes(view: FakeView(), runtime: runtime, pages: FakePages(), time: ManualTime(epoch: Timestamp(seconds: 1000)))
        let answer: HTTPAnswer
        do {
            answer = try await routes.answer(method: method, target: try #require(RequestTarget(uri: path)))
        } catch let refusal as Refusal {
            answer = refusal.answer
        }
        guard case .bytes(let bytes) = answer.body else { return (answer.status.code, answer.contentType, "") }
        return (answer.status.code, answer.contentType, String(buffer: bytes))
    }

    @Test("each page of metrics has its path, and no other path leads to one")
    func metrics() async throws {
        for (path, page) in [("/metrics", "agent"), ("/metrics/", "agent"), ("/metrics/probes", "probes"), ("/metrics/slis", "serviceLevels")] {
            #expect(try await answer(path) == (200, ExpositionWriter.contentType, "page_info{page=\"\(page)\"} 1\n"))
        }
        for path in ["/metrics/nothing", "/metrics/probes/x", "/metricsx", "//metrics"] { #expect(try await answer(path).status == 404) }
        #expect(try await answer("/metrics", method: "POST").status == 405)
    }

    @Test("the configuration and the running pods are JSON")
    func documents() async throws {
        #expect(try await answer("/configz") == (200, "application/json", "{\"kubeletconfig\":{}}"))
        for path in ["/runningpods", "/runningpods/"] {
            let found = try await answer(path)
            let list = try JSONParser.parse(found.text)
            #expect(found.status == 200 && found.type == "application/json" && list["kind"] == "PodList")
            #expect(list["items"]?.array?.first?["spec", "containers"]?.array?.first?["name"] == "app")
        }
        #expect(try await answer("/runningpods/x").status == 404)
    }

    @Test("a command's output is the answer, within its bounds")
    func run() async throws {
        let runtime = FakeRuntime()
        let found = try await answer("/run/default/web/app?cmd=write+3000000+0", method: "POST", runtime: runtime)
        #expect(found.status == 200 && found.text.utf8.count == 1 << 20)
        let request = try #require(runtime.requests.first)
        #expect(request.command == ["write", "3000000", "0"] && request.timeout == .seconds(120) && !request.stdin && !request.terminal)
        #expect(try await answer("/run/default/web/u1/app?cmd=write+5+0", method: "POST").text == "begin\naaaaa")
    }

    @Test("a command that fails, or cannot be run, is an error that says why")
    func runFailures() async throws {
        let failed = try await answer("/run/default/web/app?cmd=write+2+3", method: "POST")
        #expect(failed.status == 500 && failed.text.hasPrefix("command 'write 2 3' exited with 3: begin\naa"))
        #expect(try await answer("/run/default/web/app?cmd=nothing", method: "POST").text == "nothing: no such file in the image\n")
        for query in ["", "?cmd=", "?cmd=+", "?command=ls"] {
            #expect(try await answer("/run/default/web/app" + query, method: "POST").status == 400)
        }
        #expect(try await answer("/run/default/web/u2/app?cmd=ls", method: "POST").status == 404)
        #expect(try await answer("/run/default/web/ended?cmd=ls", method: "POST").status == 400)
        #expect(try await answer("/run/default/web/app?cmd=ls").status == 405)
    }

    @Test("requests are counted by kubelet's paths and methods, and no client can add others")
    func requestMeter() async throws {
        let text = try await RunningNode.run(allowsAnonymous: true) { node in
            let reader = try node.authority.client(RunningNode.reader)
            _ = try await node.request("/pods", as: reader)
            _ = try await node.request("/pods?x=1", as: reader)
            for number in 0..<20 { _ = try await node.request("/nothing-\(number)/x", as: reader) }
            _ = try await node.request("/metrics", method: .PURGE, as: reader)
            var writer = ExpositionWriter()
            node.metrics.write(into: &writer)
            return String(decoding: writer.bytes, as: UTF8.self)
        }
        func total(_ method: String, _ path: String) -> String {
            "kubelet_http_requests_total{long_running=\"false\",method=\"\(method)\",path=\"\(path)\",server_type=\"readwrite\"}"
        }
        #expect(text.contains(total("GET", "pods") + " 2\n"))
        #expect(text.contains(total("GET", "Invalid path") + " 20\n"))
        #expect(text.contains(total("Invalid method", "metrics") + " 1\n"))
        #expect(text.contains("kubelet_http_requests_duration_seconds_count{long_running=\"false\",method=\"GET\",path=\"pods\""))
        #expect(!text.contains("nothing"))
    }

    @Test("an exec is a long request, under way until its conversation is over")
    func execIsCounted() async throws {
        try await RunningNode.run { node in
            let inflight = "kubelet_http_inflight_requests{long_running=\"true\",method=\"GET\",path=\"exec\",server_type=\"readwrite\"}"
            func text() -> String {
                var writer = ExpositionWriter()
                node.metrics.write(into: &writer)
                return String(decoding: writer.bytes, as: UTF8.self)
            }
            let options = ExecOptions(command: ["write", "3", "0"], stdin: false, stdout: true, stderr: true)
            let status = try await node.client().run(
                RequestTarget(segments: ["exec", "default", "web", "app"], query: options.query), input: nil, output: { _ in })
            #expect(status.status == "Success")
            try await eventually("the end to be counted") { text().contains(inflight + " 0\n") }
            #expect(text().contains("kubelet_http_requests_total{long_running=\"true\",method=\"GET\",path=\"exec\",server_type=\"readwrite\"} 1\n"))
        }
    }
}
