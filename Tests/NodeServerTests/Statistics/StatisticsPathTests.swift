import HTTPTypes
import KubeModel
import NIOCore
import NodeServer
import PodCore
import TestSupport
import Testing

@Suite("The paths of the node's figures") struct StatisticsPathTests {
    private struct Source: NodeStatisticsSource {
        var fails = false

        func measurement(_ extent: MeasurementExtent) async throws(RuntimeFailure) -> NodeMeasurement {
            if fails { throw RuntimeFailure(.internal, "no answer") }
            var node = NodeMeasurement.example
            if extent == .computing { node.storage = nil }
            return node
        }
    }

    private func answer(_ uri: String, method: String = "GET", source: (any NodeStatisticsSource)? = Source()) async throws -> (Int, String, String) {
        let routes = NodeRoutes(
            view: FakeView(), runtime: FakeRuntime(), time: ManualTime(epoch: Timestamp(seconds: 1000)), statistics: source, nodeName: "node-1")
        let answer: HTTPAnswer
        do {
            answer = try await routes.answer(method: method, target: try #require(RequestTarget(uri: uri)))
        } catch let refusal as Refusal {
            answer = refusal.answer
        }
        guard case .bytes(let bytes) = answer.body else { return (answer.status.code, answer.contentType, "") }
        return (answer.status.code, answer.contentType, String(buffer: bytes))
    }

    @Test("each path has its media type") func mediaTypes() async throws {
        for path in ["/metrics/resource", "/metrics/cadvisor"] {
            let (status, type, text) = try await answer(path)
            #expect(status == 200 && type == "text/plain; version=0.0.4; charset=utf-8")
            #expect(try !ParsedExposition(text).samples.isEmpty)
        }
        let (status, type, text) = try await answer("/stats/summary")
        #expect(status == 200 && type == "application/json")
        #expect(try JSONParser.parse(text)["node", "fs"] != nil)
        let brief = try await answer("/stats/summary?only_cpu_and_memory=true").2
        #expect(try JSONParser.parse(brief)["node", "fs"] == nil)
    }

    @Test("other methods, other paths and a node without figures are refused") func refusals() async throws {
        #expect(try await answer("/stats/summary", method: "POST").0 == 405)
        for path in ["/stats", "/stats/summary/x", "/metrics/resource/x", "/metrics/nothing"] { #expect(try await answer(path).0 == 404, "\(path)") }
        #expect(try await answer("/metrics/resource", source: nil).0 == 404)
    }

    @Test("a node that cannot be measured says so") func failure() async throws {
        #expect(try await answer("/metrics/resource", source: Source(fails: true)).2.contains("resource_scrape_error 1\n"))
        #expect(try await answer("/metrics/cadvisor", source: Source(fails: true)).0 == 500)
        #expect(try await answer("/stats/summary", source: Source(fails: true)).2 == "the node cannot be measured: no answer\n")
    }

    @Test("reading figures takes the permissions that Kubernetes' roles give for them") func permissions() {
        for (path, subresource) in [("metrics/resource", "metrics"), ("metrics/cadvisor", "metrics"), ("stats/summary", "stats")] {
            let segments = path.split(separator: "/").map(String.init)
            let wanted = RequestAttributes.attributes(method: "GET", segments: segments, nodeName: "n")
            #expect(wanted.map(\.subresource) == [subresource] && wanted.map(\.verb) == ["get"])
        }
    }
}
