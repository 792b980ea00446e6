import HTTPTypes
import HTTPUpgrade
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import ServiceLifecycle
import Testing

/// A real server on loopback whose connections leave HTTP.
@Suite("Upgrading server", .serialized, .timeLimit(.minutes(1)))
struct UpgradeServerTests {
    /// Runs a server that echoes in capitals after an upgrade to `shout`, refuses `never` and answers everything else as HTTP.
    private func withServer(_ body: @escaping @Sendable (Int) async throws -> Void) async throws {
        let builder = HTTPServerBuilder.http1Upgradable { request in
            if request.asks(for: "never") { return .refuse(UpgradeRefusal(status: .forbidden, text: "never")) }
            guard request.asks(for: "shout") else { return .serveAsHTTP }
            return .takeOver(
                .bytes(headers: ["Upgrade": "shout"]) { channel in
                    try? await channel.executeThenClose { inbound, outbound in
                        for try await bytes in inbound { try await outbound.write(ByteBuffer(string: String(buffer: bytes).uppercased())) }
                    }
                })
        }
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let server = try builder.buildServer(
            configuration: .init(address: .hostname("127.0.0.1", port: 0)), eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
            logger: Logger(label: "test"),
            responder: { request, writer, _ in
                try await writer.write(
                    response: HTTPResponse(status: .ok, headerFields: [.contentLength: "5"]), body: .init(byteBuffer: ByteBuffer(string: "plain")))
            },
            onServerRunning: { port.yield($0.localAddress?.port ?? 0) })
        try await withThrowingTaskGroup(of: Void.self) { group in
            let services = ServiceGroup(configuration: .init(services: [.init(service: server)], logger: Logger(label: "test")))
            group.addTask { try await services.run() }
            for await port in ports {
                try await body(port)
                break
            }
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
        }
    }

    /// Sends bytes, reads until `count` bytes came or the server closed.
    private func talk(_ port: Int, _ pieces: [String], until count: Int) async throws -> String {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connect(host: "127.0.0.1", port: port) { channel in
            channel.eventLoop.makeCompletedFuture { try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel) }
        }
        return try await channel.executeThenClose { inbound, outbound in
            for piece in pieces { try await outbound.write(ByteBuffer(string: piece)) }
            var text = ""
            for try await bytes in inbound {
                text += String(buffer: bytes)
                if text.utf8.count >= count { break }
            }
            return text
        }
    }

    private static func request(_ method: String, _ token: String) -> String {
        "\(method) / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: \(token)\r\n\r\n"
    }

    @Test("an upgraded connection gets the bytes that came with the request", arguments: ["GET", "POST"])
    func takesOverWithTheBytesThatCameAlong(method: String) async throws {
        try await withServer { port in
            let wanted = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: shout\r\nConnection: Upgrade\r\n\r\nHELLO"
            // The first bytes of the new protocol in the same packet as the request, and the request in pieces.
            let text = Self.request(method, "shout")
            for pieces in [[text + "hello"], [String(text.prefix(20)), String(text.dropFirst(20)), "hel", "lo"]] {
                let answer = try await talk(port, pieces, until: wanted.utf8.count)
                #expect(answer == wanted)
            }
        }
    }

    @Test("a refused upgrade is answered with an ordinary response") func refusesWithAnOrdinaryResponse() async throws {
        try await withServer { port in
            let text = try await talk(port, [Self.request("GET", "never")], until: .max)
            #expect(text.hasPrefix("HTTP/1.1 403 Forbidden\r\n") && text.hasSuffix("\r\n\r\nnever\n"))
            #expect(text.contains("Connection: close"))
        }
    }

    @Test("requests without a known upgrade stay HTTP") func otherRequestsAreHTTP() async throws {
        try await withServer { port in
            for head in [Self.request("GET", "h2c"), "GET / HTTP/1.1\r\nHost: x\r\n\r\n"] {
                let text = try await talk(port, [head, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"], until: .max)
                // Two answers on one connection: it stays HTTP.
                #expect(text.components(of: "HTTP/1.1 200 OK") == 2, "\(text)")
            }
        }
    }

    @Test(
        "an upgrade that is not the first request, or has a body, is refused with the reason, and the connection ends",
        arguments: [
            ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", Self.request("GET", "shout")],
            ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", Self.request("POST", "h2c")],
            [Self.request("GET", "h2c"), "GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive , UPGRADE\r\nUpgrade: shout\r\n\r\n"],
            ["POST / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: shout\r\nContent-Length: 2\r\n\r\nhi"],
        ])
    func lateUpgrades(pieces: [String]) async throws {
        try await withServer { port in
            let text = try await talk(port, pieces, until: .max)
            #expect(text.components(of: "HTTP/1.1 200 OK") == pieces.count - 1, "\(text)")
            let last = try #require(text.ranges(of: "HTTP/1.1 400 Bad Request\r\n").first, "\(text)")
            #expect(text[last.lowerBound...].lowercased().contains("\r\nconnection: close\r\n"))
            #expect(text.hasSuffix("\r\n\r\nan upgrade has to be the first request of its connection, by HTTP/1.1 and without a body\n"))
        }
    }

    @Test("a request of a kept connection that only mentions upgrades is HTTP")
    func noUpgrades() async throws {
        try await withServer { port in
            let heads = ["Upgrade: shout\r\n", "Connection: Upgrade\r\n", "Connection: x-upgrade\r\nUpgrade: shout\r\n"]
            let pieces = heads.map { "GET / HTTP/1.1\r\nHost: x\r\n\($0)\r\n" } + ["GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"]
            let text = try await talk(port, pieces, until: .max)
            #expect(text.components(of: "HTTP/1.1 200 OK") == 4, "\(text)")
        }
    }

    @Test("a broken head is answered with 400") func aBrokenHeadIsAnswered() async throws {
        try await withServer { port in
            let text = try await talk(port, ["GET / HTTP/9.9 x\r\nUpgrade: shout\r\nConnection: Upgrade\r\n\r\n"], until: .max)
            #expect(text.hasPrefix("HTTP/1.1 400"))
        }
    }
}

extension String {
    fileprivate func components(of needle: String) -> Int { ranges(of: needle).count }
}
