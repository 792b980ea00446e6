import KubeModel
import Testing

@Suite struct PercentCodingTests {
    @Test(
        "all but unreserved characters are escaped", arguments: [("aZ09-._~", "aZ09-._~"), ("a/b c+%", "a%2Fb%20c%2B%25"), ("é", "%C3%A9"), ("", "")])
    func encodes(text: String, wanted: String) {
        #expect(PercentCoding.encode(text) == wanted)
        #expect(PercentCoding.decode(wanted[...]) == text)
    }

    @Test(
        "a broken escape is refused, or kept when decoding leniently",
        arguments: [("%", "%"), ("%4", "%4"), ("%zz", "%zz"), ("a%2", "a%2"), ("%%41", "%A"), ("%+1", "%+1")])
    func broken(text: String, lenient: String) {
        #expect(PercentCoding.decode(text[...]) == nil)
        #expect(PercentCoding.decodeLeniently(text[...]) == lenient)
    }

    @Test("bytes that are not UTF-8 are refused, or replaced when decoding leniently")
    func notText() {
        #expect(PercentCoding.decode("%ff") == nil)
        #expect(PercentCoding.decodeLeniently("%ff") == "\u{FFFD}")
    }

    @Test("a plus is a space only where the caller says so")
    func plus() {
        #expect(PercentCoding.decode("a+b%2b") == "a+b+")
        #expect(PercentCoding.decode("a+b%2b", plusIsSpace: true) == "a b+")
        #expect(PercentCoding.decodeLeniently("a+b", plusIsSpace: true) == "a b")
    }
}
