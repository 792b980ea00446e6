import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket
import TestSupport
import Testing

@testable import NodeServer

/// Port-forward over the channels of a plain WebSocket, as clients before tunnelling spoke it.
@Suite(.timeLimit(.minutes(2))) struct WebSocketPortForwardTests {
    /// Sends messages, and returns those that came until `isMet` holds or the connection has ended.
    private func messages(
        _ node: RunningNode, ports: String, _ version: StreamProtocol, sending: [(channel: UInt8, text: String)],
        goodbye: Bool = false, afterEach: () async throws -> Void = {}, until isMet: ([UInt8: [UInt8]]) -> Bool
    ) async throws -> [UInt8: [UInt8]] {
        let context = try NIOSSLContext(configuration: node.tls(try node.authority.client(RunningNode.apiServer)))
        let connection = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connect(host: "127.0.0.1", port: node.port) {
            channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(NIOSSLClientHandler(context: context, serverHostname: nil))
                return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                    wrappingChannelSynchronously: channel, configuration: .init(backPressureStrategy: .init(lowWatermark: 1, highWatermark: 2)))
            }
        }
        return try await connection.executeThenClose { inbound, outbound in
            var request = "GET /portForward/default/web?port=\(ports) HTTP/1.1\r\nHost: n\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            request += "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            if version != .unnamed { request += "Sec-WebSocket-Protocol: \(version.rawValue)\r\n" }
            try await outbound.write(ByteBuffer(string: request + "\r\n"))
            for (channel, text) in sending {
                let (opcode, data) = StreamMessageCodec(version).encode(Array(text.utf8), on: channel)
                var frame = ByteBuffer(bytes: [0x80 | UInt8(webSocketOpcode: opcode), 0x80 | UInt8(data.readableBytes), 0, 0, 0, 0])
                frame.writeImmutableBuffer(data)
                try await outbound.write(frame)
            }
            if goodbye { try await outbound.write(ByteBuffer(bytes: [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xE8])) }
            var head = ByteBuffer()
            var reader: ServerFrameReader?
            var received: [UInt8: [UInt8]] = [:]
            for try await bytes in inbound {
                if reader == nil {
                    head.writeImmutableBuffer(bytes)
                    guard let answer = try ResponseHead.take(from: &head) else { continue }
                    #expect(answer.status == 101)
                    reader = ServerFrameReader()
                    reader?.add(head)
                } else {
                    reader?.add(bytes)
                }
                while let frame = try reader?.next() {
                    if frame.opcode == .connectionClose { return received }
                    if let (channel, bytes) = try StreamMessageCodec(version).split(frame.data) {
                        received[channel, default: []] += bytes.readableBytesView
                    }
                }
                if isMet(received) { return received }
                try await afterEach()
            }
            return received
        }
    }

    @Test("each port has a channel for data and one for errors, which begin with its number", arguments: [StreamProtocol.v4, .v4Base64, .unnamed])
    func ports(_ version: StreamProtocol) async throws {
        try await RunningNode.run { node async throws in
            let got = try await messages(node, ports: "7,81", version, sending: [(0, "hello"), (1, "dropped"), (9, "dropped")]) {
                ($0[0]?.count ?? 0) == 7 && ($0[3]?.count ?? 0) > 2
            }
            #expect(got[0] == [7, 0] + Array("hello".utf8) && got[1] == [7, 0] && got[2] == [81, 0])
            let error = "error forwarding port 81 to pod web, uid u1: failed to connect to localhost:81: connection refused"
            #expect(got[3] == [81, 0] + Array(error.utf8))
            #expect(try await eventually { node.ports.open == 0 })
        }
    }

    @Test("a slow reader gets every byte before the close") func slowReader() async throws {
        var times = StreamTimes()
        times.farewell = .milliseconds(20)
        try await RunningNode.run(streamTimes: times) { node async throws in
            let got = try await messages(node, ports: "13", .v4, sending: []) {
                // The rest is on its way, and takes longer than the farewell.
                if node.ports.connections.first?.produced == FakePorts.answer { try await Task.sleep(for: .milliseconds(50)) }
            } until: { _ in
                false
            }
            #expect(got[0]?.count == 2 + FakePorts.answer)
        }
    }

    @Test("the last bytes of a client reach the program, whose connection ends then") func lastBytes() async throws {
        var times = StreamTimes()
        times.delivery = .hours(1)
        try await RunningNode.run(streamTimes: times) { node async throws in
            let texts = (0..<50).map { (channel: UInt8(0), text: String(repeating: "\($0 % 10)", count: 100)) }
            _ = try await messages(node, ports: "9", .v4, sending: texts, goodbye: true) { _ in false }
            // The client may have left before the node has connected.
            #expect(try await eventually { !node.ports.connections.isEmpty })
            let program = try #require(node.ports.connections.first)
            program.release()
            #expect(try await eventually { program.received == 5000 && program.isClosed })
        }
    }

    @Test("the connection is closed when the last program has ended its side") func end() async throws {
        try await RunningNode.run { node async throws in
            let got = try await messages(node, ports: "81", .v4, sending: []) { _ in false }
            #expect(got[0] == [81, 0] && (got[1]?.count ?? 0) > 2)
        }
    }
}
