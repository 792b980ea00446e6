import FoundationEssentials
import KubeModel
import Testing

@Suite("Quantities")
struct QuantityTests {
    private static let most = Int64.max

    /// Text, value, value in thousandths: both rounded away from zero, as Kubernetes does.
    @Test(
        "quantities are read exactly",
        arguments: [
            ("0", 0, 0), ("1", 1, 1000), ("+1", 1, 1000), ("-1", -1, -1000), ("100m", 1, 100), ("-100m", -1, -100), ("1500m", 2, 1500),
            ("-1500m", -2, -1500), ("0.1", 1, 100), (".5", 1, 500), ("5.", 5, 5000), ("0.5m", 1, 1), ("1u", 1, 1), ("1n", 1, 1), ("0.1n", 1, 1),
            ("1.5Gi", 1_610_612_736, 1_610_612_736_000), ("1Ki", 1024, 1_024_000), ("2k", 2000, 2_000_000), ("2e3", 2000, 2_000_000),
            ("2E3", 2000, 2_000_000), ("2e+3", 2000, 2_000_000), ("2e-3", 1, 2), ("1e-12", 1, 1), ("0e99", 0, 0), ("1M", 1_000_000, 1_000_000_000),
            ("1E", 1_000_000_000_000_000_000, most), ("1Ei", 1 << 60, most), ("7Ei", 7 << 60, most), ("8Ei", most, most), ("1e25", most, most),
            ("12345678901234567890", most, most), ("-12345678901234567890", -most, .min), ("1e2147483647", most, most),
            ("123456789012345678901234567890123456789012345678901234567890", most, most),
            ("-123456789012345678901234567890123456789012345678901234567890", -most, .min), ("0.00000000000000000000000000000000000000000001", 1, 1),
            ("1.0000000000000000000000000000000000000000", 1, 1000), ("00000000000000000000000000000000000000000000012", 12, 12000),
        ])
    func reads(text: String, value: Int64, milli: Int64) throws {
        let quantity = try #require(Quantity(text))
        #expect(quantity.value == value)
        #expect(quantity.milliValue == milli)
        #expect(quantity.text == text)
    }

    @Test(
        "text that is not a quantity is refused",
        arguments: [
            "", " ", "-", "+", ".", "m", "Ki", "1 ", " 1", "1K", "1ki", "1kI", "1KiB", "1mm", "1e", "1e1.5", "1e2m", "1.2.3", "--1", "+-1", "0x10",
            "1,5",
            "abc", "١", "1e99999999999", "123456789012345678901234567890x", "0.123456789012345678901234567890x",
        ])
    func refuses(text: String) {
        #expect(Quantity(text) == nil)
    }

    @Test("quantities are ordered by value") func isOrderedByValue() {
        let ordered = ["-8Ei", "-1", "-1m", "0", "1n", "1u", "999u", "1m", "0.1", "101m", "1", "1k", "1Ki", "1M", "1Mi", "1.1Mi", "1E", "1Ei"]
        let quantities = ordered.compactMap(Quantity.init(_:))
        #expect(quantities.count == ordered.count)
        for (index, smaller) in quantities.enumerated() {
            for larger in quantities[(index + 1)...] { #expect(smaller < larger, "\(smaller.text) < \(larger.text)") }
        }
    }

    @Test(
        "quantities of the same value are equal, however they are written",
        arguments: [("1", "1000m"), ("1Gi", "1024Mi"), ("2e3", "2k"), ("0", "-0"), ("0.5", "500m"), ("1E", "1e18")])
    func sameValueIsEqual(one: String, other: String) throws {
        #expect(Quantity(one) == Quantity(other))
        #expect(try #require(Quantity(one)).hashValue == (try #require(Quantity(other)).hashValue))
    }

    @Test(
        "a sum has the larger summand's kind of suffix",
        arguments: [
            ("100m", "200m", "300m"), ("500m", "1500m", "2"), ("1Gi", "512Mi", "1536Mi"), ("1Gi", "1Gi", "2Gi"), ("1", "-1", "0"),
            ("1Ki", "1", "1025"),
            ("0.5u", "0", "1m"), ("8Ei", "8Ei", "9223372036854775807"),
        ])
    func adds(one: String, other: String, sum: String) throws {
        #expect(try #require(Quantity(one)).adding(#require(Quantity(other))).text == sum)
    }

    @Test("numbers are written as Kubernetes canonicalises them") func writesCanonically() {
        #expect(Quantity(milli: 1500).text == "1500m")
        #expect(Quantity(milli: -2000).text == "-2")
        #expect(
            [0, 1023, 1024, 1536, 1 << 20, 3 << 30, -2048].map { Quantity(bytes: $0).text } == ["0", "1023", "1Ki", "1536", "1Mi", "3Gi", "-2Ki"])
        #expect(Quantity(kibibytes: 2047).text == "1Ki")
        #expect(Quantity(kibibytes: 2047).value == 1024)
    }

    @Test("a quantity keeps its text on the wire") func crossesTheWireAsItWas() throws {
        let data = Data(#"["1.50Gi",2,0.5,1e3]"#.utf8)
        let quantities = try JSONDecoder().decode([Quantity].self, from: data)
        #expect(quantities.map(\.milliValue) == [1_610_612_736_000, 2000, 500, 1_000_000])
        #expect(String(decoding: try JSONEncoder().encode(quantities.prefix(1).map(\.self)), as: UTF8.self) == #"["1.50Gi"]"#)
    }

    @Test("a value that is not a quantity is refused on the wire", arguments: [#"["lots"]"#, "[true]", "[{}]", "[null]"])
    func refusesOnTheWire(text: String) {
        #expect(throws: DecodingError.self) { try JSONDecoder().decode([Quantity].self, from: Data(text.utf8)) }
    }
}
