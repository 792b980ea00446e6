/// Reads the string form of a label selector.
struct LabelSelectorParser {
    private let text: String
    private let characters: [Character]
    private var position = 0

    init(_ text: String) {
        self.text = text
        characters = Array(text)
    }

    mutating func requirements() throws -> [LabelRequirement] {
        var found: [LabelRequirement] = []
        skipSpace()
        while position < characters.count {
            found.append(try requirement())
            skipSpace()
            if position == characters.count { break }
            guard take(",") else { throw fail("found '\(characters[position])' where ',' was expected") }
            skipSpace()
            guard position < characters.count else { throw fail("a requirement is missing after the last ','") }
        }
        return found
    }

    private mutating func requirement() throws -> LabelRequirement {
        if take("!") {
            skipSpace()
            return LabelRequirement(key: try word("a label name"), condition: .doesNotExist)
        }
        let key = try word("a label name")
        skipSpace()
        if position == characters.count || characters[position] == "," { return LabelRequirement(key: key, condition: .exists) }
        if take("!") {
            guard take("=") else { throw fail("'!' after a name must be '!='") }
            return LabelRequirement(key: key, condition: .isNotIn([try value()]))
        }
        if take("=") {
            _ = take("=")
            return LabelRequirement(key: key, condition: .isIn([try value()]))
        }
        if take(">") { return LabelRequirement(key: key, condition: .greaterThan(try number())) }
        if take("<") { return LabelRequirement(key: key, condition: .lessThan(try number())) }
        switch try word("an operator") {
        case "in": return LabelRequirement(key: key, condition: .isIn(try list()))
        case "notin": return LabelRequirement(key: key, condition: .isNotIn(try list()))
        case let other: throw fail("\"\(other)\" is none of =, ==, !=, in, notin, >, <")
        }
    }

    private func fail(_ reason: String) -> SelectorError { SelectorError(code: .syntax, selector: text, reason: reason) }

    private mutating func skipSpace() {
        while position < characters.count, characters[position].isWhitespace { position += 1 }
    }

    private mutating func take(_ character: Character) -> Bool {
        guard position < characters.count, characters[position] == character else { return false }
        position += 1
        return true
    }

    private mutating func rawWord() -> String {
        let start = position
        while position < characters.count {
            let character = characters[position]
            guard character.isASCII, character.isLetter || character.isNumber || "-_./".contains(character) else { break }
            position += 1
        }
        return String(characters[start..<position])
    }

    private mutating func word(_ what: String) throws -> String {
        let word = rawWord()
        guard !word.isEmpty else {
            throw fail("\(what) was expected, found \(position < characters.count ? "'\(characters[position])'" : "the end")")
        }
        return word
    }

    /// A value may be empty.
    private mutating func value() throws -> String {
        skipSpace()
        return rawWord()
    }

    private mutating func number() throws -> Int64 {
        let word = try value()
        guard let number = Int64(word) else { throw fail("\"\(word)\" is not a whole number") }
        return number
    }

    private mutating func list() throws -> Set<String> {
        skipSpace()
        guard take("(") else { throw fail("'(' was expected after in or notin") }
        var values: Set<String> = []
        while true {
            values.insert(try value())
            skipSpace()
            if take(")") { return values }
            guard take(",") else { throw fail("',' or ')' was expected in a list of values") }
        }
    }
}
