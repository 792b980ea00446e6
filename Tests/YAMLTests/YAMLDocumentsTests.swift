import TestSupport
import Testing
import YAML

@Suite struct YAMLDocumentsTests {
    @Test("values are read with their kinds and lines") func kindsAndLines() throws {
        let root = try #require(
            try YAMLDocuments.readOne(
                """
                name: web
                ports: [80, '443']
                limits:
                  cpu: 1
                """))
        guard case .mapping(let members, line: 1) = root else { throw Unexpected(node: root) }
        #expect(members.map(\.key.text) == ["name", "ports", "limits"])
        #expect(root["name"]?.text == "web")
        guard case .sequence(let ports, line: 2)? = root["ports"] else { throw Unexpected(node: root) }
        #expect(ports.map(\.text) == ["80", "443"])
        guard case .scalar(_, isPlain: true, line: 2) = ports[0], case .scalar(_, isPlain: false, line: 2) = ports[1] else {
            throw Unexpected(node: root)
        }
        #expect(root["limits"]?["cpu"]?.line == 4)
        #expect(root["limits"]?.text == nil && root["name"]?["cpu"] == nil && root["missing"] == nil)
    }

    @Test("JSON is YAML") func json() throws {
        let root = try #require(try YAMLDocuments.readOne(#"{"a": {"b": [null, "\u00e4\n"]}}"#))
        guard case .sequence(let elements, _)? = root["a"]?["b"] else { throw Unexpected(node: root) }
        #expect(elements[0].isNull && elements[1].text == "\u{e4}\n")
    }

    @Test(
        "a plain null and nothing are null, a quoted null is not", arguments: [("a:", true), ("a: ~", true), ("a: Null", true), ("a: 'null'", false)])
    func null(text: String, isNull: Bool) throws {
        #expect(try YAMLDocuments.readOne(text)?["a"]?.isNull == isNull)
    }

    @Test("a stream holds any number of documents") func documents() throws {
        #expect(try YAMLDocuments.read("").isEmpty)
        #expect(try YAMLDocuments.read("# only a comment\n").isEmpty)
        #expect(try YAMLDocuments.read("a: 1\n---\nb: 2\n...\n---\nc: 3\n").map(\.line) == [1, 3, 6])
        #expect(try YAMLDocuments.readOne("") == nil)
        let error = #expect(throws: YAMLError.self) { try YAMLDocuments.readOne("a: 1\n---\nb: 2\n") }
        #expect(error?.code == .syntax && error?.line == 3)
    }

    @Test("an alias is the value of its anchor") func aliases() throws {
        let root = try #require(try YAMLDocuments.readOne("a: &x {b: 1}\nc: *x\n"))
        #expect(root["c"]?["b"]?.text == "1")
        let error = #expect(throws: YAMLError.self) { try YAMLDocuments.read("a: 1\nb: *x\n") }
        #expect(error?.code == .syntax && error?.line == 2 && error?.problem == "found undefined alias")
    }

    @Test("a merged mapping gives the members that are not written") func merge() throws {
        let root = try #require(try YAMLDocuments.readOne("base: &x {a: 1, b: 2}\nmore: &y {c: 3}\none: {<<: *x, a: 9}\nmany: {<<: [*x, *y]}\n"))
        #expect(root["one"]?["a"]?.text == "9" && root["one"]?["b"]?.text == "2")
        #expect(root["many"]?["a"]?.text == "1" && root["many"]?["c"]?.text == "3" && root["many"]?["d"] == nil)
    }

    @Test("a key that is written twice is refused with the first line that has it") func duplicates() {
        let error = #expect(throws: YAMLError.self) { try YAMLDocuments.read("x:\n  a: 1\n  b: 2\n  'a': 3\n") }
        #expect(error?.code == .duplicateKey && error?.line == 2 && error?.problem == "a")
    }

    @Test(
        "a text that is not YAML is refused with its line", arguments: [("a: [\n", 2), ("a: 1\nb: c: d\n", 2), ("a: 1\n\tb", 2), ("a\n\nb\u{1}", 3)])
    func syntax(text: String, line: Int) {
        let error = #expect(throws: YAMLError.self) { try YAMLDocuments.read(text) }
        #expect(error?.code == .syntax && error?.line == line, "\(String(describing: error))")
    }

    @Test("values within each other without end are refused", arguments: ["[", "a: ", "- ", "{a: ", "? "])
    func depth(opening: String) {
        #expect(throws: YAMLError.self) { try YAMLDocuments.read(String(repeating: opening, count: 100_000)) }
    }

    @Test("aliases of aliases that stand for billions of values are refused") func expansion() {
        let lines = (1...40).map { "a\($0): &a\($0) [*a\($0 - 1), *a\($0 - 1)]\n" }
        let error = #expect(throws: YAMLError.self) { try YAMLDocuments.read("a0: &a0 x\n" + lines.joined()) }
        #expect(error?.line == 19 && error?.problem.contains("aliases") == true, "\(String(describing: error))")
    }

    @Test("a text whose bytes were changed is read or refused") func damage() {
        let text = Array("a: &x [1, 'two', {b: ~}]\nc: |\n  text\nd: *x\n---\n- \"\\u00e4\"\n".utf8)
        var random = SeededGenerator(seed: 1)
        var read = 0
        for _ in 0..<2_000 {
            var damaged = text
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                damaged[Int.random(in: damaged.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if (try? YAMLDocuments.read(String(decoding: damaged, as: UTF8.self))) != nil { read += 1 }
        }
        #expect((1..<2_000).contains(read))
    }

    private struct Unexpected: Error {
        let node: YAMLNode
    }
}
