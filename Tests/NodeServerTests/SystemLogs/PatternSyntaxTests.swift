import TestSupport
import Testing

@testable import NodeServer

@Suite("Syntax of patterns") struct PatternSyntaxTests {
    /// Each pattern with the complaint of Go's regexp/syntax, without its first words; nil for a pattern that it takes.
    private static let table: [(String, String?)] = [
        (#"foo"#, nil),
        (#"("#, #"missing closing ): `(`"#),
        (#"(a"#, #"missing closing ): `(a`"#),
        (#"a)"#, #"unexpected ): `a)`"#),
        (#"a))"#, #"unexpected ): `a))`"#),
        (#"[a"#, #"missing closing ]: `[a`"#),
        (#"[]a"#, #"missing closing ]: `[]a`"#),
        (#"[]"#, #"missing closing ]: `[]`"#),
        (#"[^]"#, #"missing closing ]: `[^]`"#),
        (#"*"#, #"missing argument to repetition operator: `*`"#),
        (#"a**"#, #"invalid nested repetition operator: `**`"#),
        (#"a*?"#, nil),
        (#"a*+"#, #"invalid nested repetition operator: `*+`"#),
        (#"|*"#, #"missing argument to repetition operator: `*`"#),
        (#"a|*"#, #"missing argument to repetition operator: `*`"#),
        (#"(*)"#, #"missing argument to repetition operator: `*`"#),
        (#"(?i)*"#, #"missing argument to repetition operator: `*`"#),
        (#"a(?i)*"#, nil),
        (#"^*"#, nil),
        (#"()*"#, nil),
        (#"\"#, #"trailing backslash at end of expression: ``"#),
        (#"\y"#, #"invalid escape sequence: `\y`"#),
        (#"\1"#, #"invalid escape sequence: `\1`"#),
        (#"\12"#, nil),
        (#"\08"#, nil),
        (#"\x4"#, #"invalid escape sequence: `\x4`"#),
        (#"\x41"#, nil),
        (#"\x{}"#, #"invalid escape sequence: `\x{}`"#),
        (#"\x{41}"#, nil),
        (#"\x{110000}"#, #"invalid escape sequence: `\x{110000`"#),
        (#"[b-a]"#, #"invalid character class range: `b-a`"#),
        (#"[a-\d]"#, #"invalid escape sequence: `\d`"#),
        (#"[[:alpha:]]"#, nil),
        (#"[[:foo:]]"#, #"invalid character class range: `[:foo:]`"#),
        (#"[[:^alpha:]]"#, nil),
        (#"(?=a)"#, #"invalid or unsupported Perl syntax: `(?=`"#),
        (#"(?!a)"#, #"invalid or unsupported Perl syntax: `(?!`"#),
        (#"(?<=a)"#, #"invalid named capture: `(?<=a)`"#),
        (#"(?<n>a)"#, nil),
        (#"(?P<n>a)"#, nil),
        (#"(?P<n"#, #"invalid named capture: `(?P<n`"#),
        (#"(?P<>a)"#, #"invalid named capture: `(?P<>`"#),
        (#"(?P=n)"#, #"invalid or unsupported Perl syntax: `(?P`"#),
        (#"(?i-s:a)"#, nil),
        (#"(?i-)"#, #"invalid or unsupported Perl syntax: `(?i-)`"#),
        (#"(?-)"#, #"invalid or unsupported Perl syntax: `(?-)`"#),
        (#"(?)"#, nil),
        (#"(?:"#, #"missing closing ): `(?:`"#),
        (#"(?:a"#, #"missing closing ): `(?:a`"#),
        (#"a{2}"#, nil),
        (#"a{,2}"#, nil),
        (#"a{1001}"#, #"invalid repeat count: `{1001}`"#),
        (#"a{2,1}"#, #"invalid repeat count: `{2,1}`"#),
        (#"a{2,"#, nil),
        (#"a{2,}{3}"#, #"invalid nested repetition operator: `{2,}{3}`"#),
        (#"{2}"#, #"missing argument to repetition operator: `{2}`"#),
        (#"\pN"#, nil),
        (#"\p{Greek"#, #"invalid character class range: `\p{Greek`"#),
        (#"\p{Greek}"#, nil),
        (#"[\pN]"#, nil),
        (#"\Qa*\E*"#, nil),
        (#"\Q\E*"#, #"missing argument to repetition operator: `*`"#),
        (#"\Qabc"#, nil),
        (#"\C"#, #"invalid escape sequence: `\C`"#),
        (#"\z*"#, nil),
        (#"a{99999999999}"#, #"invalid repeat count: `{99999999999}`"#),
        (#"[a-"#, #"missing closing ]: `[a-`"#),
        (#"[a"#, #"missing closing ]: `[a`"#),
        (#"[\"#, #"trailing backslash at end of expression: ``"#),
        (#"[\y]"#, #"invalid escape sequence: `\y`"#),
        (#"x{2}{3}"#, #"invalid nested repetition operator: `{2}{3}`"#),
        (#"x{2}?"#, nil),
        (#"x{2}??"#, #"invalid nested repetition operator: `{2}??`"#),
        (#"(?s"#, #"invalid or unsupported Perl syntax: `(?s`"#),
        (#"(?P<a b>x)"#, #"invalid named capture: `(?P<a b>`"#),
        (#"é*"#, nil),
        (#"[é-a]"#, #"invalid character class range: `é-a`"#),
        (#"a{01}"#, nil),
        (#"((("#, #"missing closing ): `(((`"#),
        (#"[[:"#, #"missing closing ]: `[[:`"#),
        (#"[[:a"#, #"missing closing ]: `[[:a`"#),
        (#"(?i)(?s"#, #"invalid or unsupported Perl syntax: `(?s`"#),
        (#"[a-[:alpha:]]"#, #"invalid character class range: `a-[`"#),
        (#"\_"#, nil),
        (#"\é"#, #"invalid escape sequence: `\é`"#),
    ]

    @Test("a pattern's error has Go's words", arguments: table) func problems(_ pattern: String, _ problem: String?) {
        #expect(PatternSyntax.problem(in: pattern) == problem.map { "error parsing regexp: " + $0 })
    }

    @Test("any text is a pattern or has an error") func anyText() {
        var random = SeededGenerator(seed: 5)
        let characters = Array("ab(?P<>:i-)[]^{},12*+?|\\QEdpx0=!s\u{e9}\u{0}".unicodeScalars)
        for _ in 0..<5000 {
            var text = String.UnicodeScalarView()
            for _ in 0..<Int.random(in: 0...12, using: &random) { text.append(characters.randomElement(using: &random)!) }
            let problem = PatternSyntax.problem(in: String(text))
            #expect(problem.map { $0.hasPrefix("error parsing regexp: ") } != false, "\(String(text))")
        }
        #expect(
            PatternSyntax.problem(in: String(repeating: "(", count: 100_000))?.hasPrefix("error parsing regexp: expression nests too deeply") == true)
    }

    @Test(
        "time grows with the length only", .timeLimit(.minutes(1)),
        arguments: [("", "(?i)", nil), ("", #"\Q\E"#, nil), ("[", "[:", "missing closing ]")] as [(String, String, String?)])
    func long(_ beginning: String, _ part: String, _ problem: String?) {
        let found = PatternSyntax.problem(in: beginning + String(repeating: part, count: 50_000))
        #expect(problem.map { found?.contains($0) == true } ?? (found == nil))
    }
}
