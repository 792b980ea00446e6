import KubeModel
import NIOHTTP1
import NodeServer
import PodCore
import TestSupport
import Testing

/// The endpoint with `enableDebuggingHandlers: false`.
@Suite(.timeLimit(.minutes(1))) struct DebuggingPathsTests {
    private static let refused = "Debug endpoints are disabled.\n"
    private static let streams = [
        "/exec/default/web/app?command=ls&output=1", "/attach/default/web/app?output=1", "/portForward/default/web?port=80",
    ]

    private func run(_ body: @Sendable (RunningNode) async throws -> Void) async throws {
        let rights = ["get proxy", "create proxy", "get log", "create log", "get metrics", "create checkpoint"]
        let reviewer = FakeReviewer(grants: Set(rights.map { "\(RunningNode.apiServer) \($0)" }))
        let logs = SystemLogs(source: FakeNodeLogs(), answersQueries: true)
        try await RunningNode.run(reviewer: reviewer, systemLogs: logs, servesDebuggingPaths: false) { node async throws in
            try await body(node)
            #expect(node.runtime.requests.isEmpty && node.runtime.logs.isEmpty)
        }
    }

    @Test(
        "each of kubelet's paths and the node page are refused, whatever follows and whatever the method",
        arguments: [
            "/run", "/run/default/web/app?cmd=ls", "/exec/x", "/attach", "/portForward/", "/containerLogs/default/web/app?follow=true",
            "/runningpods/", "/logs", "/logs/syslog", "/logs/?query=kubelet", "/debug/pprof/profile", "/ui/", "/ui/data.json",
        ] + Self.streams)
    func refusedPaths(path: String) async throws {
        try await run { node async throws in
            let known = try node.authority.client(RunningNode.apiServer)
            #expect(try await node.request(path, as: known) == (405, Self.refused))
            #expect(try await node.request(path, method: .POST, as: known) == (405, Self.refused))
            // Who asks, and may they, comes first.
            #expect(try await node.request(path) == (401, "Unauthorized"))
            #expect(try await node.request(path, as: try node.authority.client("stranger")).status == 403)
        }
    }

    @Test("upgrades are refused in the same way", arguments: Self.streams)
    func upgrades(path: String) async throws {
        let webSocket = "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        let offers = "Sec-WebSocket-Protocol: v5.channel.k8s.io\r\n"
        let spdy = "Upgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4.channel.k8s.io\r\nContent-Length: 0\r\n"
        try await run { node async throws in
            let known = try node.authority.client(RunningNode.apiServer)
            let clients = [(known, "405 Method Not Allowed"), (nil, "401 Unauthorized"), (try node.authority.client("stranger"), "403 Forbidden")]
            for (method, fields) in [("GET", webSocket + offers), ("POST", spdy)] {
                for (client, status) in clients {
                    let upgrade = "\(method) \(path) HTTP/1.1\r\nHost: n1\r\nConnection: Upgrade\r\n\(fields)\r\n"
                    let text = try await node.exchange([upgrade, "GET /healthz HTTP/1.1\r\nHost: n1\r\nConnection: close\r\n\r\n"], as: client)
                    #expect(text.hasPrefix("HTTP/1.1 \(status)\r\n"), "\(text)")
                    #expect(text.contains(Self.refused) == (status.hasPrefix("405")), "\(text)")
                }
            }
        }
    }

    @Test("paths that kubelet has only with its debugging handlers are not found")
    func hiddenPaths() async throws {
        try await run { node async throws in
            let known = try node.authority.client(RunningNode.apiServer)
            #expect(try await node.request("/configz", as: known) == (404, "404 page not found\n"))
            #expect(try await node.request("/checkpoint/default/web/app", method: .POST, as: known) == (404, "404 page not found\n"))
        }
    }

    @Test("health, pods and figures are served all the same")
    func otherPaths() async throws {
        try await run { node async throws in
            let known = try node.authority.client(RunningNode.apiServer)
            for path in ["/healthz", "/pods", "/metrics"] { #expect(try await node.request(path, as: known).status == 200, "\(path)") }
        }
    }
}
