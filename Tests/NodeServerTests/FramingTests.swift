import NIOCore
import NIOWebSocket
import NodeServer
import TestSupport
import Testing

@Suite struct FramingTests {
    private static func frame(_ opcode: WebSocketOpcode, _ bytes: [UInt8], fin: Bool = true, masked: Bool = true) -> WebSocketFrame {
        var data = ByteBuffer(bytes: bytes)
        let key: WebSocketMaskingKey? = masked ? [1, 2, 3, 4] : nil
        if let key { data.webSocketMask(key) }
        return WebSocketFrame(fin: fin, opcode: opcode, maskKey: key, data: data)
    }

    @Test("fragments become one message, control frames between them do not count") func fragmentsBecomeOneMessage() throws {
        var assembler = MessageAssembler()
        #expect(try assembler.add(Self.frame(.binary, [0, 1], fin: false)) == .nothing)
        #expect(try assembler.add(Self.frame(.ping, [9])) == .nothing)
        #expect(try assembler.add(Self.frame(.continuation, [2], fin: false)) == .nothing)
        #expect(try assembler.add(Self.frame(.continuation, [3])) == .message(ByteBuffer(bytes: [0, 1, 2, 3])))
        #expect(try assembler.add(Self.frame(.text, [5])) == .message(ByteBuffer(bytes: [5])))
        #expect(try assembler.add(Self.frame(.connectionClose, [])) == .close)
    }

    @Test("frames that break the protocol or the limit are refused") func brokenFramesAreRefused() {
        var assembler = MessageAssembler()
        #expect(throws: WebSocketViolation.self) { try assembler.add(Self.frame(.binary, [0], masked: false)) }
        #expect(throws: WebSocketViolation.self) { try assembler.add(Self.frame(.continuation, [0])) }
        #expect(throws: WebSocketViolation.self) {
            _ = try assembler.add(Self.frame(.binary, [0], fin: false))
            _ = try assembler.add(Self.frame(.binary, [0]))
        }
        var reserved = Self.frame(.binary, [0])
        reserved.rsv1 = true
        #expect(throws: WebSocketViolation.self) {
            var other = MessageAssembler()
            _ = try other.add(reserved)
        }
        #expect(throws: WebSocketViolation.self) {
            var other = MessageAssembler()
            let half = [UInt8](repeating: 0, count: MessageAssembler.longestMessage / 2 + 1)
            _ = try other.add(Self.frame(.binary, half, fin: false))
            _ = try other.add(Self.frame(.continuation, half))
        }
    }

    typealias Message = ClientMessage

    @Test(
        "a client's message is read by its channel and sub-protocol",
        arguments: [
            (StreamProtocol.v5, [0, 104, 105], Message.stdin(ByteBuffer(string: "hi"))),
            (.v5, [], .nothing),
            (.v5, [0], .stdin(ByteBuffer())),
            (.v5, [255, 0], .endOfStdin),
            (.v5, [255, 4], .nothing),
            (.v4, [255, 0], .nothing),
            (.channel, [0, 255, 0], .stdin(ByteBuffer(bytes: [255, 0]))),
            (.v5, [1, 1], .nothing),
            (.v5, [99, 1], .nothing),
            (.v4, [4] + Array(#"{"Width":80,"Height":24}"#.utf8), .resize(width: 80, height: 24)),
            (.v4, [4] + Array(#"{"Width":-1,"Height":24}"#.utf8), .nothing),
            (.v4, [4] + Array("nonsense".utf8), .nothing),
            (.channelBase64, Array("0Zm9vCg==".utf8), .stdin(ByteBuffer(string: "foo\n"))),
            (.v4Base64, Array("1Zm9vCg==".utf8), .nothing),
            (.unnamed, [0, 7], .stdin(ByteBuffer(bytes: [7]))),
        ])
    func clientMessages(_ version: StreamProtocol, _ bytes: [UInt8], _ expected: Message) throws {
        #expect(try StreamMessageCodec(version).decode(ByteBuffer(bytes: bytes)) == expected)
    }

    @Test(
        "a message that breaks its sub-protocol is refused",
        arguments: [(StreamProtocol.v5, [255]), (.v5, [255, 0, 0]), (.v5, [255, 5]), (.channelBase64, Array("0%%%".utf8))])
    func brokenMessages(_ version: StreamProtocol, _ bytes: [UInt8]) {
        #expect(throws: WebSocketViolation.self) { try StreamMessageCodec(version).decode(ByteBuffer(bytes: bytes)) }
    }

    @Test("outgoing messages are binary, or text in base64") func outgoingMessages() {
        let raw = StreamMessageCodec(.v4).encode([104, 105], on: 1)
        #expect(raw.opcode == .binary && raw.data == ByteBuffer(bytes: [1, 104, 105]))
        let base64 = StreamMessageCodec(.channelBase64).encode(Array("\n".utf8), on: 1)
        #expect(base64.opcode == .text && base64.data == ByteBuffer(string: "1Cg=="))
    }

    /// Whatever frames come, each is taken or refused, and what is held stays under the limit.
    @Test("any frames are taken or refused within the limit") func anyFrames() {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<20_000 {
            var assembler = MessageAssembler()
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let opcode = WebSocketOpcode(encodedWebSocketOpcode: UInt8.random(in: 0...15, using: &random)) ?? .binary
                let bytes = (0..<Int.random(in: 0...12, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
                var frame = Self.frame(opcode, bytes, fin: Bool.random(using: &random), masked: UInt8.random(in: 0...9, using: &random) > 0)
                frame.rsv2 = UInt8.random(in: 0...19, using: &random) == 0
                guard let output = try? assembler.add(frame) else { break }
                guard case .message(let message) = output else { continue }
                #expect(message.readableBytes <= 72)
                for version in StreamProtocol.allCases {
                    if case .stdin(let input)? = try? StreamMessageCodec(version).decode(message) {
                        #expect(input.readableBytes < message.readableBytes)
                    }
                }
            }
        }
    }
}
