import KubeModel
import NIOCore
import NodeServer
import SPDY
import TestSupport
import Testing

@Suite struct CommandStreamsTests {
    private static func open(_ id: UInt32, _ type: String, isLast: Bool = false) -> SPDYFrame {
        .synStream(id: id, headers: ["streamtype": type], isLast: isLast)
    }

    private static let all = StreamOptions(stdin: true, stdout: true, stderr: true)

    @Test("an exec begins when every stream that it asked for is there") func complete() throws {
        var streams = CommandStreams(Self.all, .v4)
        for (index, type) in ["error", "stdin", "stdout", "stderr"].enumerated() {
            #expect(!streams.isComplete)
            let id = UInt32(index * 2 + 1)
            #expect(try streams.receive(Self.open(id, type)).replies == [.synReply(id: id, headers: [:], isLast: false)])
        }
        #expect(streams.isComplete)
        #expect(streams.output([1], on: StreamChannel.stdout) == .data(id: 5, bytes: [1], isLast: false))
        #expect(streams.output([2], on: StreamChannel.stderr) == .data(id: 7, bytes: [2], isLast: false))
        #expect(
            streams.ends() == [.data(id: 5, bytes: [], isLast: true), .data(id: 7, bytes: [], isLast: true), .data(id: 1, bytes: [], isLast: true)])
        #expect(streams.ends() == [])
    }

    @Test("a terminal has one output, and a stream for its sizes since v3", arguments: CommandProtocol.allCases)
    func terminal(_ version: CommandProtocol) throws {
        var streams = CommandStreams(StreamOptions(stdin: true, stdout: true, stderr: true, terminal: true), version)
        for (id, type) in [(UInt32(1), "error"), (3, "stdin"), (5, "stdout")] { _ = try streams.receive(Self.open(id, type)) }
        #expect(streams.isComplete != version.hasResize)
        let resize = try streams.receive(Self.open(7, "resize"))
        guard version.hasResize else {
            #expect(resize.replies == [.reset(id: 7, status: .cancel)])
            return
        }
        #expect(streams.isComplete)
        // Two sizes, cut where they should not be, and one that is none.
        #expect(try streams.receive(.data(id: 7, bytes: Array(#"{"Width":80,"Hei"#.utf8), isLast: false)).messages == [])
        let sizes = try streams.receive(.data(id: 7, bytes: Array("ght\":24}\n{\"Width\":132,\"Height\":50}\n{}".utf8), isLast: false))
        #expect(sizes.messages == [.resize(width: 80, height: 24), .resize(width: 132, height: 50), .nothing])
        #expect(throws: SPDYViolation.self) { try streams.receive(.data(id: 7, bytes: [UInt8](repeating: 0x20, count: 5000), isLast: false)) }
    }

    @Test("stdin ends with its stream, by a last frame or a reset") func endOfInput() throws {
        var streams = CommandStreams(Self.all, .v4)
        _ = try streams.receive(Self.open(1, "stdin"))
        #expect(
            try streams.receive(.data(id: 1, bytes: [104], isLast: true)).messages == [.stdin(ByteBuffer(bytes: [104])), .endOfStdin])
        var other = CommandStreams(Self.all, .v4)
        _ = try other.receive(Self.open(1, "stdin"))
        let reset = try other.receive(.reset(id: 1, status: .cancel))
        #expect(reset.messages == [.endOfStdin] && !reset.isOver)
    }

    @Test("a client has left when it resets the error stream or says goodbye") func leaving() throws {
        var streams = CommandStreams(Self.all, .v4)
        _ = try streams.receive(Self.open(1, "error"))
        #expect(try streams.receive(.reset(id: 1, status: .cancel)).isOver)
        #expect(try streams.receive(.goAway(lastGood: 0, status: 0)).isOver)
    }

    @Test("a stream that is of no use is reset, and output for a stream that is gone is dropped") func useless() throws {
        var streams = CommandStreams(StreamOptions(stdin: false, stdout: true, stderr: false), .v4)
        _ = try streams.receive(Self.open(1, "stdout"))
        for (id, type) in [(UInt32(3), "stdout"), (5, "stdin"), (7, "nonsense")] {
            #expect(try streams.receive(Self.open(id, type)).replies == [.reset(id: id, status: .cancel)])
        }
        _ = try streams.receive(.reset(id: 1, status: .cancel))
        #expect(streams.output([1], on: StreamChannel.stdout) == nil)
    }

    @Test("any frames are taken or refused, and answers belong to the client's streams") func anyFrames() throws {
        var random = SeededGenerator(seed: 5)
        let types = ["error", "stdin", "stdout", "stderr", "resize", "data", ""]
        for _ in 0..<5000 {
            var streams = CommandStreams(
                StreamOptions(stdin: .random(using: &random), stdout: true, stderr: true), .allCases.randomElement(using: &random)!)
            var messages = 0
            for _ in 0..<20 {
                let id = UInt32.random(in: 0...12, using: &random)
                let frame: SPDYFrame
                switch Int.random(in: 0...5, using: &random) {
                case 0, 1: frame = Self.open(id, types.randomElement(using: &random)!, isLast: .random(using: &random))
                case 2, 3: frame = .data(id: id, bytes: [UInt8(id)], isLast: .random(using: &random))
                case 4: frame = .reset(id: id, status: .cancel)
                default: frame = .ping(id)
                }
                let output = try streams.receive(frame)
                #expect(output.replies.count <= 1)
                messages += output.messages.count
            }
            #expect(messages <= 40)
        }
    }
}
