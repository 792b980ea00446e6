import Testing

@testable import KubeModel

@Suite struct PackedTests {
    @Test("numbers of every size come back", arguments: [0, 1, 127, 128, 16383, 16384, Int.max, -1, Int.min])
    func numbers(number: Int) {
        var writer = PackedWriter()
        writer.put(count: number)
        writer.put(number)
        writer.put(nil as Int?)
        var reader = PackedReader(writer.bytes)
        #expect(reader.count() == number && reader.number() == number && reader.number() == nil)
    }

    @Test("texts, flags, lists and nothing come back") func fields() {
        var writer = PackedWriter()
        for text in [nil, "", "web", String(repeating: "ü", count: 300)] { writer.put(text) }
        for flag in [nil, true, false] { writer.put(flag) }
        for list in [nil, [], ["a", "b"]] { writer.put(list) { $0.put($1) } }
        writer.put(UInt128.max, bytes: 16)
        writer.put(0x0102, bytes: 2)
        var reader = PackedReader(writer.bytes)
        for text in [nil, "", "web", String(repeating: "ü", count: 300)] { #expect(reader.text() == text) }
        for flag in [nil, true, false] { #expect(reader.flag() == flag) }
        for list in [nil, [], ["a", "b"]] { #expect(reader.list { $0.text() ?? "?" } == list) }
        #expect(reader.number(bytes: 16) == .max && reader.number(bytes: 2) == 0x0102)
    }

    @Test("small values take few bytes") func size() {
        var writer = PackedWriter()
        writer.put("web")
        writer.put(80)
        writer.put(nil as String?)
        writer.put(true)
        #expect(writer.bytes.count == 4 + 2 + 1 + 1)
    }
}
