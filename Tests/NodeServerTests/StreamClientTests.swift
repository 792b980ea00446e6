import KubeModel
import NIOCore
import NIOPosix
import NodeServer
import Testing

/// The client against a server that answers every request with scripted bytes and closes the connection.
@Suite(.timeLimit(.minutes(1))) struct StreamClientTests {
    private static let upgraded =
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ACCEPT\r\n\r\n"
    /// `Success` on the error channel, as one frame.
    private static let success = frame([3] + Array(#"{"status":"Success"}"#.utf8))
    private static let close: [UInt8] = [0x88, 0x02, 0x03, 0xE8]

    private static func frame(_ message: [UInt8]) -> [UInt8] { [0x82, UInt8(message.count)] + message }

    /// Returns what the client makes of an answer. `ACCEPT` in its head stands for the right key.
    private func outcome(_ head: String, _ rest: [UInt8] = []) async throws -> Result<String?, StreamClientError> {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).bind(host: "127.0.0.1", port: 0) { channel in
            channel.eventLoop.makeCompletedFuture { try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel) }
        }
        return try await server.executeThenClose { clients in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for try await client in clients {
                        try await client.executeThenClose { inbound, outbound in
                            var request = ""
                            for try await bytes in inbound {
                                request += String(buffer: bytes)
                                if request.contains("\r\n\r\n") { break }
                            }
                            let line = request.split(separator: "\r\n").first { $0.lowercased().hasPrefix("sec-websocket-key: ") } ?? ""
                            let accept = WebSocketHandshake.answer(to: String(line.dropFirst("sec-websocket-key: ".count)))
                            let text = head.split(separator: "ACCEPT", omittingEmptySubsequences: false).joined(separator: accept)
                            try await outbound.write(ByteBuffer(bytes: Array(text.utf8) + rest))
                        }
                    }
                }
                defer { group.cancelAll() }
                let client = StreamClient(
                    transport: .tcp(host: "127.0.0.1", port: server.channel.localAddress?.port ?? 0, prepare: { _ in }))
                do {
                    let target = RequestTarget(segments: ["exec", "default", "web", "app"])
                    return .success(try await client.run(target, input: nil) { _ in }.status)
                } catch let error as StreamClientError {
                    return .failure(error)
                }
            }
        }
    }

    @Test("frames that come in one piece with the answer are read")
    func framesBehindTheAnswer() async throws {
        #expect(try await outcome(Self.upgraded, Self.success + Self.close) == .success("Success"))
    }

    @Test("a connection that ends after the status ends the command")
    func endAfterStatus() async throws {
        #expect(try await outcome(Self.upgraded, Self.success) == .success("Success"))
        #expect(try await outcome(Self.upgraded, Self.success + [0x82, 40, 1]) == .success("Success"))
    }

    @Test("a connection that ends before the status is an error")
    func endWithoutStatus() async throws {
        #expect(try await outcome(Self.upgraded) == .failure(.endedWithoutStatus))
        #expect(try await outcome(Self.upgraded, Self.close) == .failure(.endedWithoutStatus))
        #expect(try await outcome(Self.upgraded, Array(Self.success.dropLast())) == .failure(.endedWithoutStatus))
        #expect(try await outcome("") == .failure(.endedWithoutStatus))
    }

    @Test("an answer without an upgrade is a refusal with its status and text")
    func refusals() async throws {
        #expect(try await outcome("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno") == .failure(.refused(status: 403, text: "no")))
        #expect(try await outcome("HTTP/1.1 500 Error\r\nContent-Length: 9\r\n\r\nhalf") == .failure(.refused(status: 500, text: "half")))
        #expect(
            try await outcome("HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\n\r\nto the end")
                == .failure(.refused(status: 502, text: "to the end")))
        #expect(
            try await outcome("HTTP/1.1 404 Not Found\r\nContent-Length: 20\r\n\r\n" + #"{"message":"no pod"}"#)
                == .failure(.refused(status: 404, text: "no pod")))
    }

    @Test(
        "an answer that is not swiftlet's is named",
        arguments: [
            ("hello\r\n\r\n", []),
            ("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: wrong\r\n\r\n", []),
            ("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n", []),
            // Split, masked, extended, longer than any agent's frame.
            (upgraded, [0x02, 2, 3, 0x7B]), (upgraded, [0x82, 0x81, 1, 2, 3, 4, 5]), (upgraded, [0xC2, 1, 1]),
            (upgraded, [0x82, 127, 0, 0, 0, 0, 1, 0, 0, 1]),
        ] as [(String, [UInt8])])
    func brokenAnswers(head: String, rest: [UInt8]) async throws {
        guard case .failure(.brokenAnswer) = try await outcome(head, rest) else {
            Issue.record("\(head) was taken for an answer")
            return
        }
    }
}
