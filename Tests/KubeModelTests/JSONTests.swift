import KubeModel
import Testing

@Suite("JSON")
struct JSONTests {
    @Test(
        "documents are read and written",
        arguments: [
            (#"{"a":[1,-2,3.5,true,false,null,"x"],"b":{}}"#, #"{"a":[1,-2,3.5,true,false,null,"x"],"b":{}}"#),
            (" [ ] ", "[]"),
            (#""\u00e4\ud83d\ude00\n\"\\\/\t""#, "\"ä😀\\n\\\"\\\\/\\t\""),
            (#""\ud800x""#, "\"\u{FFFD}x\""),
            ("9223372036854775807", "9223372036854775807"),
            ("-9223372036854775808", "-9223372036854775808"),
            ("1e3", "1000.0"),
            (#"{"a":1,"a":2}"#, #"{"a":2}"#),
        ])
    func roundTrip(source: String, written: String) throws {
        #expect(try JSONParser.parse(source).description == written)
    }

    @Test(
        "text that is not JSON is refused",
        arguments: [
            "", "{", "[1,]", "{\"a\"}", "{\"a\":1,}", "01", "-", "1.", "1e", "\"\u{01}\"", "\"\\x\"", "\"\\u12\"", "tru", "nul", "1 2", "{a:1}",
            "'x'",
            "1e999",
            String(repeating: "[", count: 5000),
        ])
    func refuses(source: String) {
        #expect(throws: JSONError.self) { try JSONParser.parse(source) }
    }

    @Test("bytes that are not UTF-8 are refused") func refusesBytesThatAreNotText() {
        #expect(throws: JSONError.self) { try JSONParser.parse([UInt8]([0x22, 0xC3, 0x28, 0x22])) }
    }

    @Test("arbitrary bytes never trap") func arbitraryBytesNeverTrap() {
        var random = SystemRandomNumberGenerator()
        let alphabet = Array("{}[]\",:0123456789.eE+-truefalsn\\u \n".utf8)
        for _ in 0..<20_000 {
            let length = Int.random(in: 0..<40, using: &random)
            let bytes = (0..<length).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &random)] }
            guard let value = try? JSONParser.parse(bytes) else { continue }
            #expect((try? JSONParser.parse(JSONWriter.bytes(value))) == value)
        }
    }

    @Test("a path reads, sets and removes a nested member") func paths() {
        var value: JSONValue = ["spec": ["nodeName": "a"]]
        #expect(value["spec", "nodeName"] == "a")
        value["status", "phase"] = "Pending"
        #expect(value == ["spec": ["nodeName": "a"], "status": ["phase": "Pending"]])
        value["spec", "nodeName"] = nil
        value["absent", "deep", "deeper"] = nil
        #expect(value == ["spec": [:], "status": ["phase": "Pending"]])
    }
}
