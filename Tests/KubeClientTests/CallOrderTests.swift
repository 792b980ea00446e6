import KubeClient
import KubeModel
import TestSupport
import Testing
import Timing

@Suite("Order of calls", .timeLimit(.minutes(1)))
struct CallOrderTests {
    private let node = #"{"kind":"Node","apiVersion":"v1","metadata":{"name":"n1","uid":"u1","resourceVersion":"5"}}"#

    @Test("a status goes before a list that already waits for the rate limit")
    func aStatusOvertakesAList() async throws {
        let (node, time) = (node, ManualTime())
        try await ScriptedServer.with { request in
            ScriptedServer.Step.json(200, request.path.hasSuffix("/nodes") ? #"{"metadata":{},"items":[]}"# : node)
        } _: { server in
            var options = TestClient.options(time)
            options.queriesPerSecond = 0.5
            options.burst = 1
            let client = try KubeClient(ClusterAccess(server: server.url, origin: "test"), options: options)
            defer { client.shutdown() }
            let key = ObjectKey(namespace: "", name: "n1")
            _ = try await client.get(Node.self, key)
            async let list = client.list(Node.self)
            await time.sleeps.wait { $0.contains { $0.length == .seconds(2) } }
            async let status = client.forStatuses().patch(Node.self, key, subresource: "status", .merge, Array("{}".utf8))
            await time.sleeps.wait { $0.count { $0.length == .seconds(2) } == 2 }
            time.advance(by: .seconds(2))
            _ = try await status
            await time.waitForSleeper(until: .seconds(4))
            time.advance(by: .seconds(2))
            _ = try await list
            #expect(server.requests.map(\.method) == ["GET", "PATCH", "GET"])
        }
    }

    @Test("no status waits for the connections of slow lists or events", arguments: ["nodes", "events"])
    func statusesHaveConnectionsOfTheirOwn(slow: String) async throws {
        let (node, slowAnswers) = (node, Turnstile(permits: 0))
        try await ScriptedServer.with { request in
            guard request.path.hasSuffix(slow) else { return ScriptedServer.Step.json(200, node) }
            return [.wait(slowAnswers)] + ScriptedServer.Step.json(200, #"{"metadata":{},"items":[]}"#)
        } _: { server in
            let client = try TestClient.make(server.url)
            defer { client.shutdown() }
            let events = client.forEvents(queriesPerSecond: 0, burst: 1)
            try await withThrowingTaskGroup(of: Void.self) { group in
                // More than the connections for ordinary calls.
                for _ in 0..<20 {
                    group.addTask {
                        if slow == "nodes" { _ = try await client.list(Node.self) } else { _ = try await events.perform(APICall("GET", "/events")) }
                    }
                }
                try await eventually("slow calls") { server.requests.contains { $0.path.hasSuffix(slow) } }
                let key = ObjectKey(namespace: "", name: "n1")
                for _ in 0..<20 {
                    _ = try await client.forStatuses().patch(Node.self, key, subresource: "status", .merge, Array("{}".utf8))
                }
                slowAnswers.open()
                try await group.waitForAll()
            }
        }
    }
}
