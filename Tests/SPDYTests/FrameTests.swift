import NIOCore
import TestSupport
import Testing

@testable import SPDY

@Suite struct FrameTests {
    /// Every kind of frame, with headers that make use of what came before.
    private static let frames: [SPDYFrame] = [
        .synStream(id: 1, headers: ["streamtype": "error", "port": "8080", "requestid": "0"], isLast: true),
        .synStream(id: 3, headers: ["streamtype": "data", "port": "8080", "requestid": "0"], isLast: false),
        .synReply(id: 1, headers: [:], isLast: false), .data(id: 3, bytes: Array("GET / HTTP/1.1\r\n".utf8), isLast: false),
        .data(id: 3, bytes: [], isLast: true), .reset(id: 3, status: .cancel), .settings, .ping(1), .goAway(lastGood: 3, status: 0),
        .headers(id: 1, headers: ["a": "b"], isLast: false), .windowUpdate(id: 1, delta: 100),
    ]

    private static func encode(_ frames: [SPDYFrame]) throws -> ByteBuffer {
        let encoder = SPDYFrameEncoder()
        var bytes = ByteBuffer()
        for frame in frames { try encoder.encode(frame, into: &bytes) }
        return bytes
    }

    private static func decode(_ bytes: ByteBuffer, step: Int = .max) throws -> [SPDYFrame] {
        let decoder = SPDYFrameDecoder()
        var rest = bytes
        var received = ByteBuffer()
        var frames: [SPDYFrame] = []
        while let part = rest.readSlice(length: min(step, rest.readableBytes)), part.readableBytes > 0 {
            received.writeImmutableBuffer(part)
            while let frame = try decoder.next(&received) { frames.append(frame) }
        }
        return frames
    }

    @Test("every frame is read as it was written") func everyFrame() throws {
        #expect(try Self.decode(Self.encode(Self.frames)) == Self.frames)
    }

    @Test("frames that arrive byte by byte are read as well, data in parts of which the last ends the stream") func byteByByte() throws {
        let frames = try Self.decode(Self.encode([.ping(7), .data(id: 5, bytes: [1, 2, 3], isLast: true), .ping(9)]), step: 1)
        #expect(
            frames == [
                .ping(7), .data(id: 5, bytes: [1], isLast: false), .data(id: 5, bytes: [2], isLast: false), .data(id: 5, bytes: [3], isLast: true),
                .ping(9),
            ])
    }

    @Test("a data frame of 16 MiB is handed on in parts as it comes") func longData() throws {
        let decoder = SPDYFrameDecoder()
        var bytes = ByteBuffer(bytes: [0, 0, 0, 1, 1, 0xFF, 0xFF, 0xFF])
        #expect(try decoder.next(&bytes) == nil)
        var total = 0
        var last: SPDYFrame?
        while total < SPDYFrameEncoder.longestData {
            bytes.writeRepeatingByte(7, count: min(100_000, SPDYFrameEncoder.longestData - total - bytes.readableBytes))
            while let frame = try decoder.next(&bytes) {
                guard case .data(1, let part, _) = frame else {
                    Issue.record("\(frame)")
                    return
                }
                #expect(part.count <= SPDYFrameDecoder.longestPart)
                total += part.count
                last = frame
            }
        }
        if case .data(_, _, true)? = last {} else { Issue.record("the last part does not end the stream") }
        bytes.writeBytes([0x80, 3, 0, 6, 0, 0, 0, 4, 0, 0, 0, 1])
        #expect(try decoder.next(&bytes) == .ping(1))
    }

    /// Blocks that Python's zlib made with a window of 32 KiB.
    @Test("header blocks of another implementation are read, each from the one before") func foreignBlocks() throws {
        let first: [UInt8] = [
            0x78, 0xf9, 0xe3, 0xc6, 0xa7, 0xc2, 0x02, 0x25, 0x3a, 0x70, 0x3a, 0x2b, 0x29, 0x4a, 0x4d, 0xcc, 0x85, 0x16, 0x25, 0xac, 0xa9, 0xa0, 0x80,
            0x86, 0x14, 0xcb, 0x45, 0xe0, 0x1c, 0x60, 0x61, 0x60, 0x61, 0x00, 0xa4, 0x39, 0x8b, 0x20, 0xd1, 0x98, 0x09, 0x4a, 0xde, 0x8c, 0x06, 0x00,
            0x00, 0x00, 0x00, 0xff, 0xff,
        ]
        let second: [UInt8] = [0xc2, 0xaa, 0x19, 0x54, 0x0e, 0x25, 0x12, 0xd6, 0x0b, 0x00, 0x00, 0x00, 0xff, 0xff]
        let inflater = try HeaderInflater()
        #expect(try HeaderBlock.parse(inflater.expand(first)) == ["streamtype": "error", "port": "8080", "requestid": "0"])
        #expect(try HeaderBlock.parse(inflater.expand(second)) == ["streamtype": "data", "port": "8080", "requestid": "0"])
    }

    @Test("the dictionary is the draft's") func dictionary() {
        var (a, b) = (UInt32(1), UInt32(0))
        for byte in HeaderDictionary.bytes {
            a = (a + UInt32(byte)) % 65521
            b = (b + a) % 65521
        }
        #expect(HeaderDictionary.bytes.count == 1423)
        // Its Adler-32, which every compressed connection names.
        #expect(b << 16 | a == 0xE3C6_A7C2)
    }

    @Test(
        "a frame that breaks the protocol or a limit is refused",
        arguments: [
            [0x80, 2, 0, 6, 0, 0, 0, 4, 0, 0, 0, 1],  // another version
            [0x80, 3, 0, 99, 0, 0, 0, 0],  // an unknown kind
            [0x80, 3, 0, 6, 0, 0, 0, 5, 0, 0, 0, 1, 0],  // a PING with a byte too many
            [0x80, 3, 0, 3, 0, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0, 0],  // a reset without a status
            [0x80, 3, 0, 4, 0, 0, 0, 4, 0xFF, 0xFF, 0xFF, 0xFF],  // settings that are not there
            [0x80, 3, 0, 1, 0, 0, 0, 4, 0, 0, 0, 1],  // a short SYN_STREAM
            [0x80, 3, 0, 1, 0, 0, 0, 12, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 2],  // headers that are no zlib
            [0x80, 3, 0, 1, 0, 0xFF, 0xFF, 0xFF],  // 16 MiB of headers
            [0, 0, 0, 0, 0, 0, 0, 1, 1],  // data of no stream
        ] as [[UInt8]])
    func brokenFrames(_ bytes: [UInt8]) {
        #expect(throws: SPDYViolation.self) { try Self.decode(ByteBuffer(bytes: bytes)) }
    }

    @Test("a small block that expands to a large one is refused") func bomb() throws {
        let block = try HeaderDeflater().compress([UInt8](repeating: 0, count: 8 << 20))
        #expect(block.count < SPDYFrameDecoder.longestControlFrame)
        #expect(throws: SPDYViolation.self) { try HeaderInflater().expand(block) }
        let allowed = try HeaderDeflater().compress([UInt8](repeating: 0, count: HeaderInflater.longestBlock - 1))
        #expect(try HeaderInflater().expand(allowed).count == HeaderInflater.longestBlock - 1)
    }

    @Test(
        "a broken header block is refused",
        arguments: [
            [], [0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0], [0xFF, 0xFF, 0xFF, 0xFF], [0, 0, 0, 0, 0], [0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF],
            [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 1, 0, 0, 0, 1, 0x41, 0, 0, 0, 0],
            [0, 0, 0, 2, 0, 0, 0, 1, 0x61, 0, 0, 0, 0, 0, 0, 0, 1, 0x61, 0, 0, 0, 0],
        ] as [[UInt8]])
    func brokenBlocks(_ bytes: [UInt8]) {
        #expect(throws: SPDYViolation.self) { try HeaderBlock.parse(bytes) }
    }

    /// Whatever comes, the decoder takes it or refuses it, and holds no more than one control frame.
    @Test("any bytes are read or refused") func anyBytes() throws {
        var random = SeededGenerator(seed: 31)
        let good = try Self.encode(Self.frames)
        for round in 0..<3000 {
            var bytes = Array(good.readableBytesView)
            if round % 3 == 0 { bytes = (0..<Int.random(in: 0...80, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) } }
            for _ in 0..<Int.random(in: 0...6, using: &random) where !bytes.isEmpty {
                bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            let decoder = SPDYFrameDecoder()
            var received = ByteBuffer()
            var rest = bytes[...]
            var session = SPDYSession(mostStreams: 4)
            refused: while !rest.isEmpty {
                let count = min(Int.random(in: 1...40, using: &random), rest.count)
                received.writeBytes(rest.prefix(count))
                rest = rest.dropFirst(count)
                do {
                    while let frame = try decoder.next(&received) {
                        if case .data(_, let part, _) = frame { #expect(part.count <= bytes.count) }
                        if case .opened(let id, _, _) = session.receive(frame) { #expect(id % 2 == 1) }
                        #expect(session.openStreams <= 4)
                    }
                } catch { break refused }
                #expect(received.readableBytes <= bytes.count)
            }
        }
    }
}
