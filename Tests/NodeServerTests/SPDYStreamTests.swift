import KubeModel
import NIOCore
import NIOHTTP1
import NodeServer
import PodCore
import SPDY
import TestSupport
import Testing

/// Exec and attach over SPDY, over real TLS, with a scripted program.
@Suite(.timeLimit(.minutes(2))) struct SPDYStreamTests {
    private static func target(_ command: String..., stdin: Bool = false, terminal: Bool = false, container: String = "app") -> RequestTarget {
        let options = ExecOptions(command: command, stdin: stdin, stdout: true, stderr: true, terminal: terminal)
        return RequestTarget(segments: ["exec", "default", "web", container], query: options.query)
    }

    private static func open(_ client: SPDYClient, _ types: String...) async throws -> [String: UInt32] {
        var ids: [String: UInt32] = [:]
        for type in types { ids[type] = try await client.open(["streamtype": type]) }
        return ids
    }

    @Test("input reaches the program; output, error output and exit code reach the client", arguments: ["POST", "GET"])
    func stdinComesBack(_ method: String) async throws {
        try await RunningNode.run { node async throws in
            try await SPDYClient.run(node, Self.target("echo", "3", stdin: true), method: method) { client in
                #expect(client.wasUpgraded && client.head.contains("X-Stream-Protocol-Version: v4.channel.k8s.io"))
                let ids = try await Self.open(client, "error", "stdin", "stdout", "stderr")
                let (error, stdin, stdout) = (ids["error"]!, ids["stdin"]!, ids["stdout"]!)
                try await client.send(.data(id: stdin, bytes: Array("hello ".utf8), isLast: false))
                try await client.send(.ping(5))
                try await client.send(.data(id: stdin, bytes: Array("world".utf8), isLast: true))
                let got = try await client.read { $0.isDone(error) }
                #expect(got.text(stdout) == "hello world" && got.pings == [5] && got.ended.isSuperset(of: [error, stdout, ids["stderr"]!]))
                let status = try JSONParser.parse(got.text(error))
                #expect(status["status"] == "Failure" && status["reason"] == "NonZeroExitCode")
                #expect(status["details", "causes"]?.array?.first?["message"] == "3")
            }
            #expect(try await eventually { node.runtime.sessions.first?.inputWasClosed == true })
        }
    }

    @Test("every protocol carries output and its own form of a failure", arguments: CommandProtocol.allCases)
    func everyProtocol(_ version: CommandProtocol) async throws {
        try await RunningNode.run { node async throws in
            for (code, command) in [(0, ["write", "300000", "0"]), (7, ["write", "1", "7"]), (-1, ["/no/such"])] {
                let options = ExecOptions(command: command, stdin: false, stdout: true, stderr: true)
                let target = RequestTarget(segments: ["exec", "default", "web", "app"], query: options.query)
                try await SPDYClient.run(node, target, versions: version.rawValue) { client in
                    let ids = try await Self.open(client, "error", "stdout", "stderr")
                    let got = try await client.read { $0.isDone(ids["error"]!) }
                    let text = got.text(ids["error"]!)
                    switch (code, version.hasStructuredStatus) {
                    case (0, true): #expect(try JSONParser.parse(text)["status"] == "Success")
                    case (0, false): #expect(text == "")
                    case (7, true): #expect(try JSONParser.parse(text)["message"] == "command terminated with non-zero exit code: exit code 7")
                    case (7, false): #expect(text == "command terminated with non-zero exit code: exit code 7")
                    default: #expect(text.replacing("\\/", with: "/").contains("/no/such: no such file in the image"))
                    }
                    if code == 0 {
                        #expect(got.bytes[ids["stdout"]!]?.count == 300_000 && got.text(ids["stderr"]!) == "begin\n")
                    }
                }
            }
        }
    }

    @Test("the newest protocol that both sides know is chosen; without one the answer is 403 with the node's list") func negotiation() async throws {
        try await RunningNode.run { node async throws in
            try await SPDYClient.run(node, Self.target("echo", "0"), versions: "v5.channel.k8s.io, v3.channel.k8s.io, channel.k8s.io") { client in
                #expect(client.head.contains("X-Stream-Protocol-Version: v3.channel.k8s.io"))
            }
            let known = try node.authority.client(RunningNode.apiServer)
            let upgrade: HTTPHeaders = ["Connection": "Upgrade", "Upgrade": "SPDY/3.1"]
            let without = try await node.request(Self.target("ls").uri, method: .POST, as: known, headers: upgrade)
            #expect(without.status == 400 && without.text.contains("header X-Stream-Protocol-Version does not exist"))
            try await SPDYClient.run(node, Self.target("ls"), versions: "v9.channel.k8s.io") { client in
                #expect(client.head.hasPrefix("HTTP/1.1 403 "))
                #expect(
                    client.head.contains(
                        "X-Accepted-Stream-Protocol-Versions: v4.channel.k8s.io, v3.channel.k8s.io, v2.channel.k8s.io, channel.k8s.io"))
            }
        }
    }

    @Test("a terminal follows its client's sizes") func terminal() async throws {
        var times = StreamTimes()
        times.firstSize = .minutes(5)
        try await RunningNode.run(streamTimes: times) { node async throws in
            try await SPDYClient.run(node, Self.target("echo", "0", stdin: true, terminal: true)) { client in
                let ids = try await Self.open(client, "error", "stdin", "stdout", "resize")
                try await client.send(
                    .data(id: ids["resize"]!, bytes: Array(#"{"Width":80,"Height":24}{"Width":132,"Height":50}"#.utf8), isLast: false))
                #expect(try await eventually { node.runtime.sessions.first?.sizes == [TerminalSize(columns: 132, rows: 50)] })
                #expect(node.runtime.requests.first?.size == TerminalSize(columns: 80, rows: 24))
                try await client.send(.data(id: ids["stdin"]!, bytes: [0x61], isLast: true))
                let got = try await client.read { $0.isDone(ids["error"]!) }
                #expect(got.text(ids["stdout"]!) == "a")
            }
        }
    }

    @Test("attach carries the same streams") func attach() async throws {
        try await RunningNode.run { node async throws in
            let streams = StreamOptions(stdin: true, stdout: true, stderr: false)
            try await SPDYClient.run(node, RequestTarget(segments: ["attach", "default", "web", "app"], query: streams.query)) { client in
                let ids = try await Self.open(client, "error", "stdin", "stdout")
                try await client.send(.data(id: ids["stdin"]!, bytes: Array("one".utf8), isLast: true))
                let got = try await client.read { $0.isDone(ids["error"]!) }
                #expect(got.text(ids["stdout"]!) == "one" && got.text(ids["error"]!).contains("Success"))
            }
            #expect(node.runtime.attachments.first?.stdin == true)
        }
    }

    @Test("a client that leaves, says goodbye or resets the error stream ends the program", arguments: ["close", "goodbye", "reset"])
    func leaving(_ way: String) async throws {
        try await RunningNode.run { node async throws in
            try await SPDYClient.run(node, Self.target("hang", stdin: true)) { client in
                let ids = try await Self.open(client, "error", "stdin", "stdout", "stderr")
                #expect(try await eventually { node.runtime.sessions.count == 1 })
                switch way {
                case "goodbye": try await client.send(.goAway(lastGood: 0, status: 0))
                case "reset": try await client.send(.reset(id: ids["error"]!, status: .cancel))
                default: return
                }
                #expect(try await client.read { _ in false }.isOver)
            }
            #expect(try await eventually { node.runtime.sessions.first?.wasTerminated == true })
        }
    }

    @Test("execs whose streams do not come are closed and start nothing") func halfOpen() async throws {
        var times = StreamTimes()
        times.creation = .milliseconds(300)
        try await RunningNode.run(streamTimes: times) { node async throws in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<60 {
                    group.addTask {
                        try await SPDYClient.run(node, Self.target("hang")) { client in
                            #expect(client.wasUpgraded)
                            if number % 2 == 0 { _ = try await client.open(["streamtype": "error"]) }
                            #expect(try await client.read { _ in false }.isOver)
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(node.runtime.sessions.isEmpty)
            try await SPDYClient.run(node, Self.target("write", "1", "0")) { client in
                let ids = try await Self.open(client, "error", "stdout", "stderr")
                #expect(try await client.read { $0.isDone(ids["error"]!) }.text(ids["error"]!).contains("Success"))
            }
        }
    }

    @Test("garbage, broken headers and half frames end the one connection, with a goodbye where the client listens")
    func badInput() async throws {
        try await RunningNode.run { node async throws in
            let inputs: [[UInt8]] = [
                [UInt8](repeating: 0xFF, count: 5000), [0x80, 3, 0, 1, 0, 0xFF, 0xFF, 0xFF],
                [0x80, 3, 0, 1, 0, 0, 0, 12, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 2], [0x80, 2, 0, 6, 0, 0, 0, 4, 0, 0, 0, 1],
                [0x80, 3, 0, 99, 0, 0, 0, 0],
            ]
            for input in inputs {
                try await SPDYClient.run(node, Self.target("hang", stdin: true)) { client in
                    _ = try await Self.open(client, "error", "stdin", "stdout", "stderr")
                    let begun = node.runtime.sessions.count
                    #expect(try await eventually { node.runtime.sessions.count > begun || node.runtime.sessions.last?.wasTerminated == false })
                    try await client.sendRaw(input)
                    #expect(try await client.read { _ in false }.isOver)
                }
            }
            // Half a frame, and away.
            try await SPDYClient.run(node, Self.target("hang", stdin: true)) { client in
                _ = try await Self.open(client, "error", "stdin", "stdout", "stderr")
                try await client.sendRaw([0x80, 3, 0, 1, 0])
            }
            #expect(try await eventually { node.runtime.sessions.allSatisfy { $0.wasTerminated } })
        }
    }

    @Test("a flood of streams is refused stream by stream, and the connection goes on") func flood() async throws {
        try await RunningNode.run { node async throws in
            try await SPDYClient.run(node, Self.target("echo", "0", stdin: true)) { client in
                let ids = try await Self.open(client, "error", "stdin", "stdout", "stderr")
                var last: UInt32 = 0
                for _ in 0..<2000 { last = try await client.open(["streamtype": "stdin"]) }
                #expect(try await client.read { $0.resets[last] != nil }.resets.count == 2000)
                try await client.send(.data(id: ids["stdin"]!, bytes: [0x61], isLast: true))
                #expect(try await client.read { $0.isDone(ids["error"]!) }.text(ids["stdout"]!) == "a")
            }
        }
    }

    @Test("a frame of 16 MiB reaches the program as it comes") func longFrame() async throws {
        try await RunningNode.run { node async throws in
            try await SPDYClient.run(node, Self.target("hang", stdin: true)) { client in
                let ids = try await Self.open(client, "error", "stdin", "stdout", "stderr")
                try await client.sendRaw([0, 0, 0, UInt8(ids["stdin"]!), 0, 0xFF, 0xFF, 0xFF] + [UInt8](repeating: 7, count: 1 << 20))
                #expect(try await eventually { node.runtime.sessions.first?.received == 1 << 20 })
            }
            #expect(try await eventually { node.runtime.sessions.first?.wasTerminated == true })
        }
    }
}
