import HTTPTypes
import KubeModel
import NIOCore
import NodeServer
import PodCore
import TestSupport
import Testing

@Suite struct RoutesTests {
    private func answer(
        _ path: String, method: String = "GET", view: FakeView = FakeView(), runtime: FakeRuntime = FakeRuntime()
    ) async throws -> (status: Int, text: String) {
        let routes = NodeRoutes(view: view, runtime: runtime, time: ManualTime(epoch: Timestamp(seconds: 1000)))
        let answer: HTTPAnswer
        do {
            answer = try await routes.answer(method: method, target: try #require(RequestTarget(uri: path)))
        } catch let refusal as Refusal {
            answer = refusal.answer
        }
        switch answer.body {
        case .bytes(let bytes): return (answer.status.code, String(buffer: bytes))
        case .log(let session, _):
            var text = ""
            while let bytes = try await session.read() { text += String(decoding: bytes, as: UTF8.self) }
            return (answer.status.code, text)
        }
    }

    @Test("health is answered as ok, as a list and for one check") func health() async throws {
        #expect(try await answer("/healthz") == (200, "ok"))
        #expect(try await answer("/healthz/syncloop") == (200, "ok"))
        #expect(try await answer("/healthz?verbose") == (200, "[+]ping ok\n[+]syncloop ok\nhealthz check passed\n"))
        #expect(try await answer("/healthz/nothing").status == 404)
        let sick = FakeView(checks: [HealthCheck(name: "syncloop", problem: "stuck for 6m")])
        #expect(try await answer("/healthz", view: sick) == (500, "[+]ping ok\n[-]syncloop failed: stuck for 6m\nhealthz check failed\n"))
        #expect(try await answer("/healthz/syncloop", view: sick) == (500, "internal server error: stuck for 6m\n"))
        #expect(try await answer("/healthz?exclude=syncloop", view: sick) == (200, "ok"))
        #expect(try await answer("/healthz", method: "POST").status == 405)
    }

    @Test("the pod list is a PodList whose elements carry no kind") func pods() async throws {
        for path in ["/pods", "/pods/"] {
            let (status, text) = try await answer(path)
            let list = try JSONParser.parse(text)
            #expect(status == 200)
            #expect(list["kind"] == "PodList" && list["apiVersion"] == "v1")
            #expect(list["items"]?.array?.first?["metadata", "name"] == "web")
            #expect(list["items"]?.array?.first?["kind"] == nil)
        }
        #expect(try await answer("/pods", method: "POST").status == 405)
    }

    @Test(
        "each path is answered with kubelet's status and text",
        arguments: [
            ("/containerLogs/default/web/app", 200, "one\ntwo\n"),
            ("/containerLogs/default/web/ended", 200, "one\ntwo\n"),
            ("/containerLogs/default/nobody/app", 404, "pod \"nobody\" does not exist\n"),
            ("/containerLogs/other/web/app", 404, "pod \"web\" does not exist\n"),
            ("/containerLogs/default/web/nothing", 404, "container \"nothing\" not found in pod \"web\"\n"),
            ("/containerLogs/default/web/app?previous=true", 400, "previous terminated container \"app\" in pod \"web\" not found"),
            ("/containerLogs/default/web/unknown", 400, "container \"unknown\" in pod \"web\" is not available"),
            ("/containerLogs/default/web/waiting", 400, "container \"waiting\" in pod \"web\" is waiting to start: trying and failing to pull image"),
            ("/containerLogs/default/web", 404, "404 page not found\n"),
            ("/run/default/web", 404, "no such path: wanted /run/<namespace>/<pod>[/<uid>]/<container>?cmd=<command>\n"),
            ("/run/default/web/app?cmd=ls", 405, "Method Not Allowed"), ("/metrics", 404, "404 page not found\n"),
            ("/portForward/default/web", 400, "Upgrade request required: a port is forwarded over SPDY/3.1 and WebSocket\n"),
            ("/portForward/default", 404, "no such path: wanted /portForward/<namespace>/<pod>[/<uid>]\n"),
            ("/nothing", 404, "404 page not found\n"),
        ])
    func texts(_ path: String, _ status: Int, _ text: String) async throws {
        #expect(try await answer(path) == (status, text))
    }

    @Test(
        "a checkpoint is refused with the status and text of a kubelet whose runtime makes none",
        arguments: [
            ("default/web/app", 500, "checkpointing of default/web/app failed (this node's runtime cannot checkpoint containers)\n"),
            ("default/web/app?timeout=5", 500, "checkpointing of default/web/app failed (this node's runtime cannot checkpoint containers)\n"),
            ("default/web/app?timeout=5&timeout=x", 404, "cannot parse value of timeout parameter\n"),
            ("default/web/app?timeout=", 404, "cannot parse value of timeout parameter\n"),
            ("default/nobody/app", 404, "pod does not exist\n"), ("other/web/app", 404, "pod does not exist\n"),
            ("default/web/nothing", 404, "container nothing does not exist\n"),
            ("default/web/nothing?timeout=x", 404, "container nothing does not exist\n"),
            ("default/web", 404, "404 page not found\n"), ("default/web/u1/app", 404, "404 page not found\n"),
        ])
    func checkpoint(_ path: String, _ status: Int, _ text: String) async throws {
        #expect(try await answer("/checkpoint/" + path, method: "POST") == (status, text))
        if status == 500 { #expect(try await answer("/checkpoint/" + path).status == 405) }
    }

    @Test("exec and attach without an upgrade are refused with the reason") func execWithoutUpgrade() async throws {
        #expect(try await answer("/exec/default/web/app?command=ls&output=1").status == 400)
        #expect(try await answer("/exec/default/web").status == 404)
        #expect(try await answer("/attach/default/web/app?output=1").status == 400)
        #expect(try await answer("/attach/default/web").status == 404)
    }

    private func query(_ text: String) throws -> LogQuery {
        try LogQuery(try #require(RequestTarget(uri: "/x?" + text)), now: Timestamp(seconds: 1000))
    }

    @Test("the parameters of a log request become options") func logParameters() throws {
        let all = try query("follow=true&previous=1&timestamps=true&tailLines=10&sinceSeconds=60&limitBytes=5")
        #expect(all.previous && all.options.follow && all.options.timestamps)
        #expect(all.options.tailLines == 10 && all.options.limitBytes == 5 && all.options.since == Timestamp(seconds: 940))
        let none = try query("follow=false&previous=0&tailLines=&tail=all")
        #expect(!none.previous && none.options == LogOptions())
        #expect(try query("tailLines=0").options.tailLines == 0)
        #expect(try query("tail=3").options.tailLines == 3)
        #expect(try query("sinceTime=1970-01-01T00:01:00%2B00:00").options.since == Timestamp(seconds: 60))
        #expect(try query("sinceSeconds=9223372036854775807").options.since != nil)
        #expect(try query("follow").options.follow)
    }

    @Test(
        "broken log parameters are refused",
        arguments: [
            ("tailLines=x", 400), ("tailLines=-1", 422), ("limitBytes=0", 422), ("sinceSeconds=0", 422), ("sinceSeconds=1.5", 400),
            ("sinceTime=yesterday", 400),
            ("sinceTime=2026-01-01T00:00:00Z&sinceSeconds=5", 422), ("stream=Stdout", 400), ("tail=few", 400),
        ])
    func brokenLogParameters(_ text: String, _ status: Int) throws {
        do {
            _ = try query(text)
            Issue.record("\(text) was taken")
        } catch let refusal as Refusal {
            #expect(refusal.answer.status.code == status)
        }
    }

    @Test("a request's path and query are decoded once and written back") func targets() {
        #expect(
            RequestTarget(uri: "/a/%2Fb//c/?x=1&y&x=%41+b")
                == RequestTarget(
                    segments: ["a", "/b", "", "c"],
                    query: [.init(name: "x", value: "1"), .init(name: "y", value: ""), .init(name: "x", value: "A b")],
                    endsWithSlash: true))
        #expect(RequestTarget(uri: "/a")?.endsWithSlash == false && RequestTarget(uri: "/")?.segments == [])
        for broken in ["", "pods", "*", "/%", "/%4", "/%zz", "/%ff", "/a?x=%"] { #expect(RequestTarget(uri: broken) == nil) }
    }
}
