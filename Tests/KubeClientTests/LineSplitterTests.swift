import KubeClient
import NIOCore
import TestSupport
import Testing

@Suite struct LineSplitterTests {
    /// A text in random pieces always gives its lines.
    @Test("the lines do not depend on the chunks that they arrive in", arguments: 0..<60)
    func chunkingDoesNotMatter(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let lines = (0..<30).map { index in String(repeating: "x\(index)é", count: Int(random.next() % 40)) }
        var text = lines.map { $0 + (random.next() % 3 == 0 ? "\r\n" : "\n") }.joined().utf8[...]
        var splitter = LineSplitter()
        var found: [String] = []
        while !text.isEmpty {
            let piece = text.prefix(1 + Int(random.next() % 50))
            text = text.dropFirst(piece.count)
            splitter.append(ByteBuffer(bytes: piece))
            // Sometimes several chunks arrive before the first read.
            if random.next() % 4 != 0 { while let line = try splitter.next() { found.append(String(buffer: line)) } }
        }
        while let line = try splitter.next() { found.append(String(buffer: line)) }
        #expect(found == lines.filter { !$0.isEmpty })
        #expect(splitter.pendingBytes == 0)
    }

    @Test("an unfinished line stays pending")
    func unfinishedLineStaysPending() throws {
        var splitter = LineSplitter()
        splitter.append(ByteBuffer(string: "{\"a\":1}\n{\"b\""))
        #expect(try splitter.next().map { String(buffer: $0) } == "{\"a\":1}")
        #expect(try splitter.next() == nil)
        #expect(splitter.pendingBytes == 4)
    }

    @Test("a line beyond the limit is an error", arguments: ["0123456789\n", "0123456789"])
    func tooLongLineIsAnError(text: String) {
        var splitter = LineSplitter(limit: 8)
        splitter.append(ByteBuffer(string: text))
        #expect(throws: APIError.self) { try splitter.next() }
    }

    @Test("a line of exactly the limit passes")
    func lineOfExactlyTheLimitPasses() throws {
        var splitter = LineSplitter(limit: 8)
        splitter.append(ByteBuffer(string: "01234567"))
        #expect(try splitter.next() == nil)
        splitter.append(ByteBuffer(string: "\n"))
        #expect(try splitter.next().map { String(buffer: $0) } == "01234567")
    }
}
