import KubeModel
import Testing
import YAML

@Suite struct JSONValueTests {
    @Test(
        "plain scalars get their kind, quoted scalars are texts",
        arguments: [
            ("true", JSONValue.bool(true)), ("False", .bool(false)), ("yes", .bool(true)), ("off", .bool(false)), ("n", .bool(false)),
            ("nope", "nope"), ("'true'", "true"), ("12", 12), ("'12'", "12"),
            ("-1.5", -1.5), ("1e3", 1000.0), ("0x10", 16), ("0644", 420), ("-0o17", -15), ("0b11", 3), ("1_000", 1000), ("08", 8.0), ("0x", "0x"),
            ("0x1p3", "0x1p3"), ("nan", "nan"),
            (".inf", ".inf"), ("1.2.3", "1.2.3"), ("~", .null), ("''", ""),
            ("{a: [1, b]}", .object(["a": .array([1, "b"])])),
        ])
    func kinds(text: String, wanted: JSONValue) throws {
        #expect(JSONValue(try #require(try YAMLDocuments.readOne(text))) == wanted)
    }
}
