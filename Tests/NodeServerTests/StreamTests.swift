import FoundationEssentials
import KubeModel
import NIOCore
import NIOHTTP1
import NodeServer
import PodCore
import Synchronization
import TestSupport
import Testing

/// Exec over real TLS with a scripted program.
@Suite(.timeLimit(.minutes(2))) struct StreamTests {
    private final class Collected: Sendable {
        let stdout = Mutex<[UInt8]>([])
        let stderr = Mutex<[UInt8]>([])

        @Sendable func take(_ output: StreamOutput) async throws {
            switch output {
            case .stdout(let bytes): stdout.withLock { $0 += bytes }
            case .stderr(let bytes): stderr.withLock { $0 += bytes }
            }
        }
    }

    private final class Feed: Sendable {
        private let pieces: Mutex<[ByteBuffer]>
        init(_ pieces: [String]) { self.pieces = Mutex(pieces.map(ByteBuffer.init(string:))) }
        @Sendable func next() async throws -> ByteBuffer? { pieces.withLock { $0.isEmpty ? nil : $0.removeFirst() } }
    }

    private static func target(_ command: String..., stdin: Bool = false, container: String = "app") -> RequestTarget {
        let options = ExecOptions(command: command, stdin: stdin, stdout: true, stderr: true)
        return RequestTarget(segments: ["exec", "default", "web", container], query: options.query)
    }

    @Test("input reaches the program, output and exit code reach the client") func stdinComesBack() async throws {
        try await RunningNode.run { node async throws in
            let collected = Collected()
            let status = try await node.client().run(
                Self.target("echo", "3", stdin: true), input: Feed(["hello ", "world"]).next, output: collected.take)
            #expect(StreamStatus.exitCode(of: status) == 3)
            #expect(status.details?.causes == [.init(reason: "ExitCode", message: "3")])
            #expect(String(decoding: collected.stdout.withLock { $0 }, as: UTF8.self) == "hello world")
            #expect(node.runtime.sessions.first?.inputWasClosed == true)
            #expect(node.runtime.sessions.first?.wasTerminated == false)
            #expect(node.runtime.requests.first?.stdin == true)
        }
    }

    @Test("every sub-protocol carries output, exit code and a failed start", arguments: StreamProtocol.allCases)
    func everySubProtocol(_ version: StreamProtocol) async throws {
        try await RunningNode.run { node async throws in
            let collected = Collected()
            let good = try await node.client(version).run(Self.target("write", "100000", "0"), input: nil, output: collected.take)
            #expect(good.status == "Success")
            #expect(collected.stdout.withLock { $0 } == [UInt8](repeating: 0x61, count: 100_000))
            #expect(String(decoding: collected.stderr.withLock { $0 }, as: UTF8.self) == "begin\n")
            let bad = try await node.client(version).run(Self.target("write", "1", "7"), input: nil, output: collected.take)
            #expect(bad.message == "command terminated with non-zero exit code: exit code 7")
            #expect(StreamStatus.exitCode(of: bad) == (version.hasStructuredStatus ? 7 : nil))
            let missing = try await node.client(version).run(Self.target("/no/such"), input: nil, output: collected.take)
            #expect(missing.message?.contains("/no/such: no such file in the image") == true)
        }
    }

    /// Bytes that a TCP socket's buffer may grow to.
    private func kernelBufferLimit(_ name: String) throws -> Int {
        let text = try String(contentsOf: URL(filePath: "/proc/sys/net/ipv4/\(name)"), encoding: .utf8)
        return try #require(text.split(whereSeparator: \.isWhitespace).last.flatMap { Int($0) })
    }

    @Test("a slow reader holds the program back in place of filling memory") func slowReaderHoldsTheProgramBack() async throws {
        try await RunningNode.run { node async throws in
            // The kernel's socket buffers may take this much; it depends on the machine.
            let bound = try kernelBufferLimit("tcp_rmem") + kernelBufferLimit("tcp_wmem") + (8 << 20)
            let total = bound + (32 << 20)
            let gate = AsyncStream<Void>.makeStream()
            let received = Mutex(0)
            async let status = node.client().run(Self.target("write", "\(total)", "0"), input: nil) { output in
                guard case .stdout(let bytes) = output else { return }
                if received.withLock({ $0 }) == 0 { for await _ in gate.stream {} }
                received.withLock { $0 += bytes.count }
            }
            #expect(try await eventually { (node.runtime.sessions.first?.produced ?? 0) > 0 })
            // Until nothing more is taken from the program.
            var last = -1
            while let now = node.runtime.sessions.first?.produced, now != last {
                last = now
                try await Task.sleep(for: .milliseconds(300))
            }
            #expect(last < bound, "\(last) bytes wait in memory and sockets")
            gate.continuation.finish()
            let ended = try await status
            #expect(ended.status == "Success")
            #expect(received.withLock { $0 } == total)
        }
    }

    @Test("a client that leaves ends the program") func clientThatLeavesEndsTheProgram() async throws {
        try await RunningNode.run { node async throws in
            let client = try node.client()
            let task = Task { try await client.run(Self.target("hang"), input: nil) { _ in } }
            #expect(try await eventually { node.runtime.sessions.count == 1 })
            #expect(node.runtime.sessions.first?.wasTerminated == false)
            task.cancel()
            _ = await task.result
            #expect(try await eventually { node.runtime.sessions.first?.wasTerminated == true })
        }
    }

    @Test("a connection that is idle for too long is closed and its program ended") func aConnectionOnWhichNothingHappensEndsTheProgram() async throws
    {
        try await RunningNode.run(streamTimes: StreamTimes(idle: .milliseconds(100))) { node async throws in
            let client = try node.client()
            await #expect(throws: (any Error).self) { _ = try await client.run(Self.target("hang"), input: nil) { _ in } }
            #expect(try await eventually { node.runtime.sessions.first?.wasTerminated == true })
        }
    }

    @Test("a server that stops ends the program and the client's call") func serverThatStopsEndsTheProgram() async throws {
        try await RunningNode.run { node async throws in
            let client = try node.client()
            let task = Task { try await client.run(Self.target("hang"), input: nil) { _ in } }
            #expect(try await eventually { node.runtime.sessions.count == 1 })
            await node.stop()
            await #expect(throws: (any Error).self) { _ = try await task.value }
            #expect(try await eventually { node.runtime.sessions.first?.wasTerminated == true })
        }
    }

    @Test("a terminal takes the sizes of its client and has one output", arguments: StreamProtocol.allCases)
    func aTerminalFollowsItsClient(_ version: StreamProtocol) async throws {
        try await RunningNode.run(streamTimes: Self.patient) { node async throws in
            let collected = Collected()
            let options = ExecOptions(command: ["echo", "3"], stdin: true, stdout: true, stderr: true, terminal: true)
            let target = RequestTarget(segments: ["exec", "default", "web", "app"], query: options.query)
            let wanted = [TerminalSize(columns: 65535, rows: 65535), TerminalSize(columns: 80, rows: 24), TerminalSize(columns: 132, rows: 50)]
            let sizes = AsyncStream<TerminalSize>.makeStream()
            // Not a size: the client has no terminal yet.
            sizes.continuation.yield(TerminalSize(columns: 0, rows: 0))
            for size in wanted { sizes.continuation.yield(size) }
            // The input waits for the first size; without a half-close the program does not end by itself.
            let pieces = Feed(["ls\n"])
            let input = { @Sendable () async throws -> ByteBuffer? in
                try await eventually("the program's start") { node.runtime.requests.count == 1 }
                return try await pieces.next()
            }
            let status = Task {
                try await node.client(version).run(target, sizes: sizes.stream, input: input, output: collected.take)
            }
            #expect(try await eventually { node.runtime.sessions.first?.sizes == Array(wanted.dropFirst()) })
            #expect(node.runtime.requests.first?.size == wanted[0])
            #expect(try await eventually { String(decoding: collected.stdout.withLock { $0 }, as: UTF8.self) == "ls\n" })
            await node.runtime.sessions.first?.closeInput()
            #expect(StreamStatus.exitCode(of: try await status.value) == (version.hasStructuredStatus ? 3 : nil))
            let request = node.runtime.requests.first
            #expect(request?.terminal == true && request?.stdin == true && request?.stdout == true)
            // A terminal has one output.
            #expect(request?.stderr == false)
        }
    }

    /// However busy the machine is, the first size comes in time.
    private static let patient = {
        var times = StreamTimes()
        times.firstSize = .minutes(5)
        return times
    }()

    @Test("a terminal without a size starts all the same, after its first input or a while", arguments: ["", "ls\n"])
    func aTerminalWithoutASize(_ input: String) async throws {
        var times = Self.patient
        if input.isEmpty { times.firstSize = .milliseconds(1) }
        try await RunningNode.run(streamTimes: times) { node async throws in
            let collected = Collected()
            let options = ExecOptions(command: ["echo", "3"], stdin: true, stdout: true, stderr: false, terminal: true)
            let target = RequestTarget(segments: ["exec", "default", "web", "app"], query: options.query)
            let (gate, open) = AsyncStream<Void>.makeStream()
            let pieces = Feed(input.isEmpty ? [] : [input])
            let status = Task {
                try await node.client().run(
                    target,
                    input: {
                        if let piece = try await pieces.next() { return piece }
                        for await _ in gate {}
                        return nil
                    }, output: collected.take)
            }
            #expect(try await eventually { node.runtime.requests.count == 1 })
            #expect(node.runtime.requests.first?.size == nil)
            open.finish()
            #expect(StreamStatus.exitCode(of: try await status.value) == 3)
            #expect(String(decoding: collected.stdout.withLock { $0 }, as: UTF8.self) == input)
            #expect(node.runtime.sessions.first?.sizes == [])
        }
    }

    @Test("attach carries the same streams without a command") func attachIsTheSameWithoutACommand() async throws {
        try await RunningNode.run { node async throws in
            let collected = Collected()
            let streams = StreamOptions(stdin: true, stdout: true, stderr: true)
            let target = RequestTarget(segments: ["attach", "default", "web", "u1", "app"], query: streams.query)
            let status = try await node.client().run(target, input: Feed(["one ", "two"]).next, output: collected.take)
            #expect(status.status == "Success")
            #expect(String(decoding: collected.stdout.withLock { $0 }, as: UTF8.self) == "one two")
            #expect(node.runtime.attachments.first?.stderr == true && node.runtime.requests.isEmpty)
            let text = { (query: String) in RequestTarget(uri: "/attach/default/web/app" + query) }
            #expect(
                try await refusal(node, #require(text("")))
                    == .refused(status: 400, text: "you must specify at least 1 of stdin, stdout, stderr"))
            #expect(
                try await refusal(node, #require(text("?output=1")), as: RunningNode.reader)
                    == .refused(status: 403, text: "Forbidden (user=prometheus, verb=create, resource=nodes, subresource(s)=[proxy])\n"))
            let known = try node.authority.client(RunningNode.apiServer)
            let plain = try await node.request("/attach/default/web/app?output=1", method: .POST, as: known)
            #expect(plain.status == 400 && plain.text.contains("attach is spoken over SPDY/3.1 and WebSocket"))
            let short = try await node.request("/attach/default", method: .POST, as: known)
            #expect(short.status == 404 && short.text.contains("/attach/<namespace>/<pod>"))
        }
    }

    private func refusal(_ node: RunningNode, _ target: RequestTarget, as user: String = RunningNode.apiServer) async throws -> StreamClientError? {
        do {
            _ = try await node.client(as: user).run(target, input: nil) { _ in }
            return nil
        } catch let error as StreamClientError {
            return error
        }
    }

    @Test("a container that cannot be reached, or a user who may only read, is refused") func refusals() async throws {
        try await RunningNode.run { node async throws in
            #expect(try await refusal(node, Self.target("ls", container: "none")) == .refused(status: 404, text: "container not found (\"none\")"))
            #expect(
                try await refusal(node, Self.target("ls", container: "ended"))
                    == .refused(status: 400, text: "container \"ended\" in pod \"web\" is not running"))
            #expect(
                try await refusal(node, RequestTarget(segments: ["exec", "default", "web", "u2", "app"], query: Self.target("ls").query))
                    == .refused(status: 404, text: "pod does not exist"))
            #expect(
                try await refusal(
                    node, RequestTarget(segments: ["exec", "default", "web", "u1", "app"], query: Self.target("write", "1", "0").query)) == nil)
            // Who may only read may not run.
            #expect(
                try await refusal(node, Self.target("ls"), as: RunningNode.reader)
                    == .refused(status: 403, text: "Forbidden (user=prometheus, verb=create, resource=nodes, subresource(s)=[proxy])\n"))
            #expect(node.runtime.requests.count == 1)
        }
    }

    @Test("an unknown protocol is refused after any other fault of the request") func unknownProtocol() async throws {
        try await RunningNode.run { node async throws in
            let known = try node.authority.client(RunningNode.apiServer)
            let headers: HTTPHeaders = ["Connection": "Upgrade", "Upgrade": "h2c"]
            let (status, text) = try await node.request(Self.target("ls").uri, method: .POST, as: known, headers: headers)
            #expect(status == 400)
            let document = try JSONParser.parse(text)
            #expect(document["kind"] == "Status" && document["reason"] == "BadRequest")
            #expect(document["message"]?.string == "unable to upgrade: found h2c, this node speaks exec over SPDY/3.1 and websocket")
            // The reason that matters comes first: it is the second attempt's answer that kubectl shows.
            let missing = try await node.request(Self.target("ls", container: "none").uri, method: .POST, as: known, headers: headers)
            #expect(missing.text.contains("container not found"))
            let stranger = try await node.request(Self.target("ls").uri, method: .POST, headers: headers)
            #expect(stranger.status == 401)
        }
    }
}
