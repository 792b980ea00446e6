/// Checks a regular expression by the syntax of Go's RE2, whose errors clients of kubelet see. Longer names of
/// Unicode classes are not checked.
struct PatternSyntax {
    private struct Problem: Error {
        let text: String
        let found: Substring
    }

    private static let longestRepeat = 1000
    private static let deepestNesting = 1000
    private static let posixClasses: Set<Substring> = [
        "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "word", "xdigit",
    ]

    private let whole: Substring
    private var rest: Substring.UnicodeScalarView
    private var depth = 0
    /// A repetition may follow.
    private var hasOperand = false
    /// No `:]` follows, so that none is looked for again.
    private var lacksNameEnd = false
    /// Where the repetition began that has just been read.
    private var lastRepeat: String.Index?

    private init(_ pattern: String) {
        whole = pattern[...]
        rest = whole.unicodeScalars
    }

    /// Returns the error in Go's words, `nil` for a pattern without one.
    static func problem(in pattern: String) -> String? {
        var syntax = PatternSyntax(pattern)
        do throws(Problem) {
            try syntax.check()
            return nil
        } catch {
            return "error parsing regexp: \(error.text): `\(error.found)`"
        }
    }

    private mutating func check() throws(Problem) {
        while let next = rest.first {
            var thisRepeat: String.Index?
            switch next {
            case "(": try open()
            case ")":
                guard depth > 0 else { throw Problem(text: "unexpected )", found: whole) }
                depth -= 1
                take(1)
                hasOperand = true
            case "|":
                take(1)
                hasOperand = false
            case "[": try characterClass()
            case "\\": try escapeOrClass()
            case "*", "+", "?":
                thisRepeat = rest.startIndex
                take(1)
                try finishRepeat(from: rest.index(before: rest.startIndex))
            case "{":
                thisRepeat = try countedRepeat()
            default:
                take(1)
                hasOperand = true
            }
            lastRepeat = thisRepeat
        }
        guard depth == 0 else { throw Problem(text: "missing closing )", found: whole) }
    }

    // MARK: -

    private mutating func take(_ count: Int) { rest.removeFirst(count) }

    private func since(_ start: String.Index) -> Substring { whole[start..<rest.startIndex] }

    private func starts(with text: String) -> Bool { rest.starts(with: text.unicodeScalars) }

    private mutating func nest() throws(Problem) {
        depth += 1
        hasOperand = false
        guard depth < Self.deepestNesting else { throw Problem(text: "expression nests too deeply", found: whole) }
    }

    /// A group: capturing, named, or with flags.
    private mutating func open() throws(Problem) {
        let start = rest.startIndex
        guard starts(with: "(?") else {
            take(1)
            return try nest()
        }
        for (prefix, length) in [("(?P<", 5), ("(?<", 4)] where starts(with: prefix) && !rest.dropFirst(length - 1).isEmpty {
            guard let end = rest.firstIndex(of: ">") else { throw Problem(text: "invalid named capture", found: whole[start...]) }
            let name = rest[rest.index(start, offsetBy: prefix.unicodeScalars.count)..<end]
            rest = rest[rest.index(after: end)...]
            guard !name.isEmpty, name.allSatisfy({ $0 == "_" || Self.isLetterOrDigit($0) }) else {
                throw Problem(text: "invalid named capture", found: since(start))
            }
            return try nest()
        }
        take(2)
        var isNegated = false
        var hasFlag = false
        while let next = rest.popFirst() {
            switch next {
            case "i", "m", "s", "U": hasFlag = true
            case "-" where !isNegated:
                isNegated = true
                hasFlag = false
            case ":" where !isNegated || hasFlag: return try nest()
            // Flags alone are no operand, and leave the one before them.
            case ")" where !isNegated || hasFlag: return
            default: throw Problem(text: "invalid or unsupported Perl syntax", found: since(start))
            }
        }
        throw Problem(text: "invalid or unsupported Perl syntax", found: since(start))
    }

    /// Checks the characters behind a repetition (`*`, `+`, `?` or `{n,m}`), which began at `start`.
    private mutating func finishRepeat(from start: String.Index) throws(Problem) {
        if rest.first == "?" { take(1) }
        if let lastRepeat { throw Problem(text: "invalid nested repetition operator", found: since(lastRepeat)) }
        guard hasOperand else { throw Problem(text: "missing argument to repetition operator", found: since(start)) }
    }

    /// `{n}`, `{n,}` or `{n,m}`; anything else in braces is text. Returns where a repetition began.
    private mutating func countedRepeat() throws(Problem) -> String.Index? {
        let start = rest.startIndex
        let before = rest
        take(1)
        let least = number()
        var most = least
        if least != nil, rest.first == "," {
            take(1)
            most = rest.first == "}" ? Int.max : number()
        }
        guard let least, let most, rest.first == "}" else {
            rest = before.dropFirst()
            hasOperand = true
            return nil
        }
        take(1)
        guard least <= Self.longestRepeat, most == Int.max || most <= Self.longestRepeat, least <= most else {
            throw Problem(text: "invalid repeat count", found: since(start))
        }
        try finishRepeat(from: start)
        return start
    }

    /// Without leading zeros. One that is too large for a count stays too large.
    private mutating func number() -> Int? {
        var value: Int?
        while let digit = rest.first, ("0"..."9").contains(digit), value != 0 {
            value = min((value ?? 0) * 10 + Int(digit.value - 48), Self.longestRepeat + 1)
            take(1)
        }
        return value
    }

    private mutating func escapeOrClass() throws(Problem) {
        let start = rest.startIndex
        switch rest.dropFirst().first {
        case "C": throw Problem(text: "invalid escape sequence", found: whole[start..<rest.index(start, offsetBy: 2)])
        case "Q":
            take(2)
            while !rest.isEmpty, !starts(with: "\\E") {
                take(1)
                hasOperand = true
            }
            rest = rest.dropFirst(2)
            return
        case "A", "b", "B", "z", "d", "D", "s", "S", "w", "W": take(2)
        default: if try !unicodeClass() { _ = try escape() }
        }
        hasOperand = true
    }

    /// `\pN` or `\p{Name}`.
    private mutating func unicodeClass() throws(Problem) -> Bool {
        guard starts(with: "\\p") || starts(with: "\\P") else { return false }
        let start = rest.startIndex
        take(2)
        let first = rest.popFirst()
        guard first == "{" else {
            guard let first, "LMNPSZClmnpszc".unicodeScalars.contains(first) else {
                throw Problem(text: "invalid character class range", found: since(start))
            }
            return true
        }
        guard let end = rest.firstIndex(of: "}") else { throw Problem(text: "invalid character class range", found: whole[start...]) }
        let isEmpty = end == rest.startIndex
        rest = rest[rest.index(after: end)...]
        guard !isEmpty else { throw Problem(text: "invalid character class range", found: since(start)) }
        return true
    }

    /// Returns the character that an escape stands for.
    private mutating func escape() throws(Problem) -> UInt32 {
        let start = rest.startIndex
        take(1)
        guard let next = rest.popFirst() else { throw Problem(text: "trailing backslash at end of expression", found: "") }
        let simple: [Unicode.Scalar: UInt32] = ["a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11]
        if let value = simple[next] { return value }
        switch next {
        case "0"..."7":
            // A single digit other than 0 would be a reference to a group.
            guard next == "0" || rest.first.map({ ("0"..."7").contains($0) }) == true else { break }
            var value = next.value - 48
            for _ in 0..<2 {
                guard let digit = rest.first, ("0"..."7").contains(digit) else { break }
                value = value * 8 + digit.value - 48
                take(1)
            }
            return value
        case "x":
            if let value = hexadecimal() { return value }
        default:
            if next.isASCII, !Self.isLetterOrDigit(next) { return next.value }
        }
        throw Problem(text: "invalid escape sequence", found: since(start))
    }

    /// `\x7F` or `\x{10FFFF}`, behind the x.
    private mutating func hexadecimal() -> UInt32? {
        guard let first = rest.popFirst() else { return nil }
        guard first == "{" else {
            guard let second = rest.popFirst(), let high = Self.digit(first), let low = Self.digit(second) else { return nil }
            return high * 16 + low
        }
        var value: UInt32?
        while let next = rest.popFirst() {
            if next == "}" { return value }
            guard let digit = Self.digit(next) else { return nil }
            let sum = (value ?? 0) * 16 + digit
            guard sum <= 0x10FFFF else { return nil }
            value = sum
        }
        return nil
    }

    private mutating func characterClass() throws(Problem) {
        let start = rest.startIndex
        take(1)
        if rest.first == "^" { take(1) }
        var isFirst = true
        while isFirst || rest.first != "]" {
            isFirst = false
            if starts(with: "[:"), let named = try namedClass() {
                rest = named
                continue
            }
            if try unicodeClass() { continue }
            if rest.first == "\\", let next = rest.dropFirst().first, "dDsSwW".unicodeScalars.contains(next) {
                take(2)
                continue
            }
            let range = rest.startIndex
            let low = try classCharacter(start)
            if rest.first == "-", let next = rest.dropFirst().first, next != "]" {
                take(1)
                guard try classCharacter(start) >= low else { throw Problem(text: "invalid character class range", found: since(range)) }
            }
        }
        take(1)
        hasOperand = true
    }

    private mutating func namedClass() throws(Problem) -> Substring.UnicodeScalarView? {
        var name = rest.dropFirst(2)
        guard !lacksNameEnd, let end = name.indices.first(where: { name[$0...].starts(with: ":]".unicodeScalars) }) else {
            lacksNameEnd = true
            return nil
        }
        let text = name[..<end]
        name = name[end...].dropFirst(2)
        guard Self.posixClasses.contains(Substring(text.first == "^" ? text.dropFirst() : text)) else {
            throw Problem(text: "invalid character class range", found: whole[rest.startIndex..<name.startIndex])
        }
        return name
    }

    private mutating func classCharacter(_ start: String.Index) throws(Problem) -> UInt32 {
        guard let next = rest.first else { throw Problem(text: "missing closing ]", found: whole[start...]) }
        if next == "\\" { return try escape() }
        take(1)
        return next.value
    }

    private static func digit(_ scalar: Unicode.Scalar) -> UInt32? {
        scalar.isASCII ? Character(scalar).hexDigitValue.map { UInt32($0) } : nil
    }

    private static func isLetterOrDigit(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII && (("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar))
    }
}
