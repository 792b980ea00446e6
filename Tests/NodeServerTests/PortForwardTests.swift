import KubeModel
import NIOCore
import NIOHTTP1
import NodeServer
import SPDY
import Synchronization
import TestSupport
import Testing

/// Port-forward over real TLS, with programs of a script: over SPDY, and over SPDY in a WebSocket.
@Suite(.timeLimit(.minutes(2))) struct PortForwardTests {
    private static let target = RequestTarget(segments: ["portForward", "default", "web"])

    private static func run(
        _ isTunnelled: Bool = false, times: StreamTimes = StreamTimes(), _ body: @Sendable (RunningNode, SPDYClient) async throws -> Void
    ) async throws {
        try await RunningNode.run(streamTimes: times) { node async throws in
            try await SPDYClient.run(node, target, versions: "portforward.k8s.io", isTunnelled: isTunnelled) { client in
                #expect(client.wasUpgraded, "\(client.head)")
                try await body(node, client)
            }
            #expect(try await eventually { node.ports.open == 0 })
        }
    }

    @Test("what a client sends reaches the port, and its answer comes back to the end", arguments: [false, true])
    func echo(isTunnelled: Bool) async throws {
        try await Self.run(isTunnelled) { node, client in
            let name = isTunnelled ? "Sec-WebSocket-Protocol: SPDY/3.1+portforward.k8s.io" : "X-Stream-Protocol-Version: portforward.k8s.io"
            #expect(client.head.contains(name))
            let (data, error) = try await client.forward(7)
            try await client.send(.data(id: data, bytes: Array("hello ".utf8), isLast: false))
            try await client.send(.data(id: data, bytes: Array("world".utf8), isLast: true))
            let got = try await client.read { $0.isDone(error) }
            #expect(got.text(data) == "hello world" && got.ended == [data, error] && got.resets == [:] && got.text(error) == "")
        }
    }

    @Test("a client that has ended its side gets the whole answer", arguments: [false, true])
    func halfClose(isTunnelled: Bool) async throws {
        try await Self.run(isTunnelled) { node, client in
            let (data, error) = try await client.forward(80)
            try await client.send(.data(id: data, bytes: Array("GET".utf8), isLast: true))
            let got = try await client.read { $0.isDone(error) }
            #expect(got.bytes[data]?.count == FakePorts.answer && got.ended == [data, error])
            #expect(node.ports.connections.first?.hasEnd == true)
        }
    }

    @Test("a port that refuses is an error in words, and the others go on") func refused() async throws {
        try await Self.run { node, client in
            let (data, error) = try await client.forward(81, request: 1)
            let got = try await client.read { $0.isDone(error) && $0.isDone(data) }
            #expect(got.text(error) == "error forwarding port 81 to pod web, uid u1: failed to connect to localhost:81: connection refused")
            #expect(got.ended == [error] && got.resets == [data: .cancel])
            let (other, end) = try await client.forward(7, request: 2)
            try await client.send(.data(id: other, bytes: [1, 2], isLast: true))
            #expect(try await client.read { $0.isDone(end) }.bytes[other] == [1, 2])
        }
    }

    @Test("a connection that the program breaks off is reset without a text") func brokenOff() async throws {
        try await Self.run { node, client in
            let (data, error) = try await client.forward(104)
            try await client.send(.data(id: data, bytes: [1], isLast: false))
            let got = try await client.read { $0.isDone(error) }
            #expect(got.resets == [data: .cancel] && got.text(error) == "" && got.ended == [error])
        }
    }

    @Test("a connection that the client resets is closed at the program's side") func clientResets() async throws {
        try await Self.run { node, client in
            let (data, error) = try await client.forward(19)
            _ = try await client.read { ($0.bytes[data]?.count ?? 0) > 100_000 }
            try await client.send(.reset(id: data, status: .cancel))
            #expect(try await client.read { $0.isDone(error) }.text(error) == "")
            #expect(try await eventually { node.ports.open == 0 })
        }
    }

    @Test("500 connections come and go through one forward and leave nothing", arguments: [false, true])
    func manyConnections(isTunnelled: Bool) async throws {
        try await Self.run(isTunnelled) { node, client in
            for request in 0..<50 {
                var pairs: [(data: UInt32, error: UInt32)] = []
                for _ in 0..<10 {
                    let pair = try await client.forward(7, request: request * 10 + pairs.count)
                    try await client.send(.data(id: pair.data, bytes: Array("\(pair.data)".utf8), isLast: true))
                    pairs.append(pair)
                }
                let errors = Set(pairs.map(\.error))
                let got = try await client.read { errors.isSubset(of: $0.ended) }
                for pair in pairs { #expect(got.text(pair.data) == "\(pair.data)" && got.text(pair.error) == "") }
            }
            #expect(node.ports.connections.count == 500)
            #expect(try await eventually { node.ports.open == 0 })
        }
    }

    @Test("a program that takes nothing does not stop the other connections") func stuckProgram() async throws {
        var times = StreamTimes()
        times.stall = .milliseconds(200)
        try await Self.run(times: times) { node, client in
            let (stuck, error) = try await client.forward(9, request: 1)
            let (data, end) = try await client.forward(7, request: 2)
            for _ in 0..<80 { try await client.send(.data(id: stuck, bytes: [UInt8](repeating: 1, count: 64 << 10), isLast: false)) }
            try await client.send(.data(id: data, bytes: [1, 2, 3], isLast: true))
            let got = try await client.read { $0.isDone(end) && $0.isDone(error) }
            #expect(got.bytes[data] == [1, 2, 3] && got.resets == [stuck: .flowControl] && got.text(error) == "")
        }
    }

    @Test("what waits for a program that takes nothing is held for a while, and the other connections go on") func heldProgram() async throws {
        var times = StreamTimes()
        times.stall = .hours(1)
        try await Self.run(times: times) { node, client in
            let (stuck, error) = try await client.forward(9, request: 1)
            for _ in 0..<48 { try await client.send(.data(id: stuck, bytes: [UInt8](repeating: 1, count: 64 << 10), isLast: false)) }
            let (data, end) = try await client.forward(7, request: 2)
            try await client.send(.data(id: data, bytes: [1, 2, 3], isLast: true))
            #expect(try await client.read { $0.isDone(end) }.bytes[data] == [1, 2, 3])
            // Nothing of it is lost.
            node.ports.connections.first?.release()
            try await client.send(.data(id: stuck, bytes: [], isLast: true))
            #expect(try await client.read { $0.isDone(error) }.resets == [:])
            #expect(node.ports.connections.first?.received == 48 * (64 << 10))
        }
    }

    @Test("the last bytes of a client that leaves reach the program", arguments: [false, true]) func lastBytes(isTunnelled: Bool) async throws {
        var times = StreamTimes()
        times.delivery = .hours(1)
        try await RunningNode.run(streamTimes: times) { node async throws in
            try await SPDYClient.run(node, Self.target, versions: "portforward.k8s.io", isTunnelled: isTunnelled) { client in
                let (data, _) = try await client.forward(9)
                for _ in 0..<3 { try await client.send(.data(id: data, bytes: [UInt8](repeating: 1, count: 64 << 10), isLast: false)) }
                // The answer says that the node has read all of it: a client that leaves with unread bytes takes what is on its way along.
                try await client.send(.ping(1))
                _ = try await client.read { $0.pings.contains(1) }
                #expect(try await eventually { node.ports.open == 1 })
            }
            let program = try #require(node.ports.connections.first)
            program.release()
            // Whoever has taken everything when the client's end is noticed gets the end of the connection instead of the client's.
            #expect(try await eventually { program.received == 3 * (64 << 10) && program.isClosed })
        }
    }

    @Test("a program that does not take the last bytes of a client that has left does not hold them for ever") func lostBytes() async throws {
        var times = StreamTimes()
        times.delivery = .milliseconds(100)
        try await Self.run(times: times) { node, client in
            let (data, _) = try await client.forward(9)
            for _ in 0..<3 { try await client.send(.data(id: data, bytes: [UInt8](repeating: 1, count: 64 << 10), isLast: false)) }
            #expect(try await eventually { node.ports.open == 1 })
        }
    }

    @Test("a long download leaves room for the other connections") func download() async throws {
        try await Self.run { node, client in
            let (endless, _) = try await client.forward(19, request: 1)
            _ = try await client.read { ($0.bytes[endless]?.count ?? 0) > 1 << 20 }
            let (data, end) = try await client.forward(7, request: 2)
            try await client.send(.data(id: data, bytes: [1, 2, 3], isLast: true))
            #expect(try await client.read { $0.isDone(end) }.bytes[data] == [1, 2, 3])
        }
    }

    @Test("a client that does not read holds the program back in place of filling memory") func slowReader() async throws {
        try await Self.run { node, client in
            _ = try await client.forward(19)
            #expect(try await eventually { (node.ports.connections.first?.produced ?? 0) > 0 })
            var last = -1
            while let now = node.ports.connections.first?.produced, now != last {
                last = now
                try await Task.sleep(for: .milliseconds(300))
            }
            // As much as the kernel's socket buffers may take, and little more.
            #expect(last < 64 << 20, "\(last) bytes wait in memory and sockets")
        }
    }

    @Test("a request whose data stream does not come ends with a text") func missingStream() async throws {
        var times = StreamTimes()
        times.creation = .milliseconds(200)
        try await Self.run(times: times) { node, client in
            let error = try await client.open(["streamtype": "error", "port": "7", "requestid": "1"])
            #expect(try await client.read { $0.isDone(error) }.text(error) == "error processing request 1: timed out waiting for streams")
            let data = try await client.open(["streamtype": "data", "port": "7", "requestid": "2"])
            #expect(try await client.read { $0.isDone(data) }.resets[data] == .cancel)
        }
    }

    @Test("streams without a port, and more than a client may have, are refused; the connection goes on") func floods() async throws {
        try await Self.run { _, client in
            let nothing = try await client.open(["streamtype": "data"])
            let first = try await client.read { $0.isDone(nothing) }
            #expect(first.resets[nothing] == .cancel)
            var ids: [UInt32] = []
            for request in 0..<2100 { ids.append(try await client.open(["streamtype": "error", "port": "7", "requestid": "\(request)"])) }
            let last = ids[2099]
            let got = try await client.read { $0.isDone(last) }
            #expect(ids.map { got.resets[$0] == .refused } == (0..<2100).map { $0 >= 2048 })
            try await client.send(.ping(9))
            let end = try await client.read { $0.pings == [9] }
            #expect(!end.isOver)
        }
    }

    @Test("a tunnel's frame without a mask, and garbage in a tunnel, end the connection") func brokenTunnels() async throws {
        for bytes: [UInt8] in [
            [0x82, 4, 0x80, 3, 0, 6], [0x81, 0x80, 0, 0, 0, 0], [0x80, 0x80, 0, 0, 0, 0],
            [0x82, 0x88, 0, 0, 0, 0] + [UInt8](repeating: 0xFF, count: 8),
        ] {
            try await Self.run(true) { node, client in
                let (data, _) = try await client.forward(7)
                try await client.send(.data(id: data, bytes: [1], isLast: false))
                _ = try await client.read { $0.bytes[data] == [1] }
                try await client.sendRaw(bytes)
                #expect(try await client.read { _ in false }.isOver)
            }
        }
    }

    @Test("a pod that is not there, a wrong uid and a wrong protocol are refused; so is a request without an upgrade")
    func refusals() async throws {
        try await RunningNode.run { node async throws in
            let known = try node.authority.client(RunningNode.apiServer)
            let spdy: HTTPHeaders = ["Connection": "Upgrade", "Upgrade": "SPDY/3.1", "X-Stream-Protocol-Version": "portforward.k8s.io"]
            let socket: HTTPHeaders = [
                "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
            ]
            var unknown = spdy
            unknown.replaceOrAdd(name: "X-Stream-Protocol-Version", value: "portforward.v9")
            var wrong = socket
            wrong.add(name: "Sec-WebSocket-Protocol", value: "v5.channel.k8s.io")
            let cases: [(String, HTTPHeaders, Int, String)] = [
                ("/portForward/default/none", spdy, 404, "pod does not exist"), ("/portForward/default/web/u2", spdy, 404, "pod not found"),
                ("/portForward/default/web", unknown, 403, "server accepts [portforward.k8s.io]"),
                ("/portForward/default/web", ["Connection": "Upgrade", "Upgrade": "h2c"], 400, "found h2c"),
                ("/portForward/default/web", socket, 400, "query parameter \\\"port\\\" is required"),
                ("/portForward/default/web?port=", socket, 400, "cannot be empty"),
                ("/portForward/default/web?port=80,x", socket, 400, "unable to parse"),
                ("/portForward/default/web?port=0", socket, 400, "must be > 0"),
                ("/portForward/default/web?port=80", wrong, 400, "supports SPDY/3.1+portforward.k8s.io, v4.channel.k8s.io"),
                ("/portForward/default/web", [:], 400, "Upgrade request required"), ("/portForward/default", [:], 404, "wanted /portForward/"),
            ]
            for (path, headers, code, text) in cases {
                let method: HTTPMethod = headers["upgrade"] == ["websocket"] ? .GET : .POST
                let answer = try await node.request(path, method: method, as: known, headers: headers)
                #expect(answer.status == code && answer.text.replacing("\\/", with: "/").contains(text), "\(path): \(answer)")
            }
        }
    }

    @Test("the streams of exec, attach and port-forward need credentials, and the right to create", arguments: ["exec", "attach", "portForward"])
    func access(_ kind: String) async throws {
        try await RunningNode.run { node async throws in
            let reader = try node.authority.client(RunningNode.reader)
            let path = kind == "portForward" ? "/portForward/default/web?port=7" : "/\(kind)/default/web/app?command=ls&output=1"
            let upgrades: [HTTPHeaders] = [
                [:], ["Connection": "Upgrade", "Upgrade": "SPDY/3.1", "X-Stream-Protocol-Version": "portforward.k8s.io, v4.channel.k8s.io"],
                [
                    "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
                    "Sec-WebSocket-Protocol": "v4.channel.k8s.io",
                ],
            ]
            for headers in upgrades {
                for method in [HTTPMethod.GET, .POST] {
                    #expect(try await node.request(path, method: method, headers: headers).status == 401)
                    #expect(try await node.request(path, method: method, token: "nonsense", headers: headers).status == 401)
                    // Who may only read may not run, whatever the method of the upgrade is.
                    let answer = try await node.request(path, method: method, as: reader, headers: headers)
                    #expect(answer.status == 403)
                    #expect(answer.text == "Forbidden (user=prometheus, verb=create, resource=nodes, subresource(s)=[proxy])\n")
                }
            }
            #expect(node.runtime.requests.isEmpty && node.runtime.attachments.isEmpty && node.ports.connections.isEmpty)
        }
    }
}
