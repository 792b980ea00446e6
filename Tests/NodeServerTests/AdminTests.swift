import AsyncHTTPClient
import FoundationEssentials
import Glibc
import KubeModel
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NodeServer
import PodCore
import ServiceLifecycle
import TestSupport
import Testing

/// The operators' socket.
@Suite(.timeLimit(.minutes(2))) struct AdminTests {
    private func withServer(_ body: @Sendable (String, FakeRuntime) async throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/admin.sock"
            let runtime = FakeRuntime()
            let (ready, listening) = AsyncStream<Void>.makeStream()
            let server = AdminServer(
                path: path, view: FakeView(), runtime: runtime, proxy: FakeView(), images: FakeImageOffice(),
                nodePage: NodePageAnswer(view: FakeView(), statistics: nil, services: nil, time: ManualTime(epoch: Timestamp(seconds: 1000))),
                time: ManualTime(epoch: Timestamp(seconds: 1000)), logger: .silent, onListening: { listening.yield() })
            let group = ServiceGroup(services: [server], logger: .silent)
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await group.run() }
                var iterator = ready.makeAsyncIterator()
                _ = await iterator.next()
                try await body(path, runtime)
                await group.triggerGracefulShutdown()
                try await tasks.waitForAll()
            }
            #expect(access(path, F_OK) != 0, "the socket is removed at the end")
        }
    }

    private static func get(_ socket: String, _ path: String) async throws -> (status: Int, text: String) {
        let url = "http+unix://\(PercentCoding.encode(socket))\(path)"
        let response = try await HTTPClient.shared.execute(HTTPClientRequest(url: url), timeout: .seconds(10))
        return (Int(response.status.code), String(buffer: try await response.body.collect(upTo: 1 << 20)))
    }

    private static func document(_ socket: String, _ path: String) async throws -> JSONValue {
        try JSONParser.parse(await get(socket, path).text)
    }

    private static func post(_ socket: String, _ body: String) async throws -> (status: Int, text: String) {
        var request = HTTPClientRequest(url: "http+unix://\(PercentCoding.encode(socket))/v1/images")
        request.method = .POST
        request.body = .bytes(ByteBuffer(string: body))
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(10))
        return (Int(response.status.code), String(buffer: try await response.body.collect(upTo: 1 << 20)))
    }

    @Test("the operators' socket answers each document, and 404 for other paths") func documents() async throws {
        try await withServer { socket, _ async throws in
            #expect(try await Self.document(socket, "/v1/summary")["nodeName"] == "n1")
            #expect(try await Self.document(socket, "/v1/pods")["items"]?.array?.count == 1)
            #expect(try await Self.document(socket, "/v1/health").array?.first?["name"] == "syncloop")
            #expect(try await Self.document(socket, "/v1/proxy/services")["frontends"]?.array?.first?["service"] == "web")
            let explanation = AdminPath.proxyService(ObjectKey(namespace: "default", name: "web")).segments.joined(separator: "/")
            #expect(try await Self.get(socket, "/\(explanation)?port=80&from=10.0.0.1") == (200, "default/web 80 10.0.0.1\n"))
            let unknown = try await Self.get(socket, "/v1/proxy/services/default/none")
            #expect(unknown.status == 404 && unknown.text.contains("no Service default/none is known"))
            #expect(try await Self.get(socket, "/v1/proxy/rules") == (200, "table ip swiftlet {\n}\n"))
            #expect(try await Self.get(socket, "/v1/logs/default/web/app") == (200, "one\ntwo\n"))
            #expect(try await Self.get(socket, "/v1/logs/default/none/app").status == 404)
            #expect(try await Self.get(socket, "/pods").status == 404)
        }
    }

    @Test("work on images is done over the operators' socket, and its failure is told in words") func images() async throws {
        try await withServer { socket, _ async throws in
            let request = String(decoding: try JSONEncoder().encode(ImageRequest.prune(isDryRun: true)), as: UTF8.self)
            let answer = try await Self.post(socket, request)
            #expect(answer.status == 200)
            #expect(try JSONDecoder().decode(ImageAnswer.self, from: Data(answer.text.utf8)) == .removed([]))
            let failed = String(decoding: try JSONEncoder().encode(ImageRequest.pull(reference: "a", pins: false)), as: UTF8.self)
            #expect(try await Self.post(socket, failed) == (500, "no registry answers\n"))
            #expect(try await Self.post(socket, "{}").status == 400)
            #expect(try await Self.get(socket, "/v1/images").status == 405)
        }
    }

    @Test("the node page is at the operators' socket, which answers no other web page") func webPages() async throws {
        try await withServer { socket, runtime async throws in
            #expect(try await Self.get(socket, "/ui/").text.hasPrefix("<!doctype html>"))
            #expect(try await Self.document(socket, "/ui/data.json?pods=web")["pods", "matching"] == 1)
            #expect(try await Self.get(socket, "/ui/nothing").status == 404)
            func status(_ path: String, host: String, more: HTTPHeaders = [:], method: HTTPMethod = .GET) async throws -> Int {
                var request = HTTPClientRequest(url: "http+unix://\(PercentCoding.encode(socket))\(path)")
                request.method = method
                request.headers = more
                request.headers.add(name: "Host", value: host)
                // A connection of its own: behind a request to upgrade, nothing more is read from one.
                let client = HTTPClient(eventLoopGroupProvider: .singleton)
                do {
                    let response = try await client.execute(request, timeout: .seconds(10))
                    _ = try await response.body.collect(upTo: 1 << 20)
                    try await client.shutdown()
                    return Int(response.status.code)
                } catch {
                    try await client.shutdown()
                    throw error
                }
            }
            for host in ["localhost", "localhost:8080", "127.0.0.1", "127.0.0.1:8080", "[::1]:8080", "swiftlet"] {
                #expect(try await status("/ui/data.json", host: host) == 200, "\(host)")
            }
            // A name that a stranger's name server answers with this machine's address.
            for host in ["rebound.example", "rebound.example:8080", "localhost.example", "127.0.0.1.example", "[::2]:80", "10.0.0.1"] {
                for path in ["/ui/", "/ui/data.json", "/v1/pods"] { #expect(try await status(path, host: host) == 403, "\(host)") }
            }
            for origin in ["https://example.org", "http://localhost:9090", "null"] {
                #expect(try await status("/v1/images", host: "localhost:8080", more: ["Origin": origin], method: .POST) == 403, "\(origin)")
                let socketOfPage: HTTPHeaders = [
                    "Origin": origin, "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
                    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol": "v5.channel.k8s.io",
                ]
                let exec = "/v1/exec/default/web/app?command=write&command=1&command=0&output=1"
                #expect(try await status(exec, host: "localhost:8080", more: socketOfPage) == 403, "\(origin)")
            }
            #expect(runtime.requests.isEmpty)
        }
    }

    @Test("exec works over the operators' socket") func exec() async throws {
        try await withServer { socket, runtime async throws in
            let target = RequestTarget(
                segments: AdminPath.exec(.init(namespace: "default", pod: "web", container: "app")).segments,
                query: ExecOptions(command: ["write", "10", "3"], stdin: false, stdout: true, stderr: true).query)
            let status = try await StreamClient(transport: .unix(path: socket)).run(target, input: nil) { _ in }
            #expect(StreamStatus.exitCode(of: status) == 3)
            #expect(runtime.requests.count == 1)
        }
    }

    @Test("the socket's mode is for root only") func onlyForRoot() async throws {
        try await withServer { socket, _ async throws in
            var status = stat()
            #expect(lstat(socket, &status) == 0)
            #expect(status.st_mode & 0o7777 == 0o600)
        }
    }

    @Test("a second agent is refused and no other file is replaced") func aSecondAgentIsRefused() async throws {
        try await withServer { socket, runtime async throws in
            let second = AdminServer(
                path: socket, view: FakeView(), runtime: runtime, proxy: nil, time: ManualTime(epoch: Timestamp(seconds: 0)), logger: .silent)
            await #expect { try await second.run() } throws: { ($0 as? NodeServerError)?.code == .addressInUse }
            #expect(try await Self.get(socket, "/v1/summary").status == 200)
        }
        try await withTemporaryFolder { folder in
            try TemporaryFolder.write("precious", to: folder + "/file")
            let server = AdminServer(
                path: folder + "/file", view: FakeView(), runtime: FakeRuntime(), proxy: nil, time: ManualTime(epoch: Timestamp(seconds: 0)),
                logger: .silent)
            await #expect { try await server.run() } throws: { ($0 as? NodeServerError)?.code == .socketPath }
            #expect(access(folder + "/file", F_OK) == 0)
        }
    }

    /// Bytes of any kind after the upgrade: every program that was started is ended, and the server goes on.
    @Test("any bytes after the upgrade end their program and leave the server running") func anyBytesAfterTheUpgrade() async throws {
        try await withServer { socket, runtime async throws in
            var random = SeededGenerator(seed: 11)
            let target = RequestTarget(
                segments: AdminPath.exec(.init(namespace: "default", pod: "web", container: "app")).segments,
                query: ExecOptions(command: ["hang"], stdin: true, stdout: true, stderr: false).query)
            let head =
                "GET \(target.uri) HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: v5.channel.k8s.io\r\n\r\n"
            for _ in 0..<150 {
                var bytes = ByteBuffer(string: head)
                for _ in 0..<Int.random(in: 0...5, using: &random) {
                    let payload = (0..<Int.random(in: 0...40, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
                    if Bool.random(using: &random) {
                        // A frame that is nearly right.
                        bytes.writeBytes([0x80 | UInt8.random(in: 0...10, using: &random), 0x80 | UInt8(payload.count), 0, 0, 0, 0])
                    }
                    bytes.writeBytes(payload)
                }
                let sent = bytes
                let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connect(unixDomainSocketPath: socket).get()
                try? await channel.writeAndFlush(sent).get()
                try? await channel.close().get()
            }
            #expect(try await eventually { runtime.sessions.allSatisfy(\.wasTerminated) })
            #expect(try await Self.get(socket, "/v1/summary").status == 200)
        }
    }
}
