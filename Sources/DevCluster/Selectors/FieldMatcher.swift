package import KubeModel

/// A field selector: `metadata.name=web,status.phase!=Failed`. Which fields a resource offers is for its server to say.
package struct FieldMatcher: Sendable, Hashable {
    package struct Term: Sendable, Hashable {
        /// Dotted path of the field, for example `spec.nodeName`.
        package let path: String
        package let value: String
        package let isEqual: Bool

        package init(path: String, value: String, isEqual: Bool) {
            self.path = path
            self.value = value
            self.isEqual = isEqual
        }
    }

    package let terms: [Term]

    package static let everything = FieldMatcher(terms: [])

    package init(terms: [Term]) { self.terms = terms }

    /// Reads the query parameter `fieldSelector`; a backslash escapes a comma, an equals sign or itself in a value. Throws ``SelectorError``.
    package init(parsing text: String) throws {
        var terms: [Term] = []
        for part in Self.split(text) where !part.isEmpty {
            guard let equals = part.firstIndex(of: "=") else {
                throw SelectorError(code: .syntax, selector: text, reason: "\"\(part)\" has none of =, ==, !=")
            }
            var path = part[..<equals]
            var value = part[part.index(after: equals)...]
            let isEqual = path.last != "!"
            if !isEqual { path.removeLast() }
            if isEqual, value.first == "=" { value.removeFirst() }
            guard !path.isEmpty else { throw SelectorError(code: .syntax, selector: text, reason: "a field name is missing before '='") }
            terms.append(Term(path: String(path), value: Self.unescaped(value), isEqual: isEqual))
        }
        self.terms = terms
    }

    /// `lookup` gives the value of a dotted path; a field that is not set counts as the empty string, as in Kubernetes.
    package func matches(_ lookup: (String) -> String?) -> Bool {
        terms.allSatisfy { ((lookup($0.path) ?? "") == $0.value) == $0.isEqual }
    }

    /// Asks the fields of an object by walking the path.
    package func matches(object: JSONValue) -> Bool {
        matches { path in
            switch object[path.split(separator: ".").map(String.init)] {
            case .string(let text): text
            case .integer(let number): String(number)
            case .bool(let flag): String(flag)
            default: nil
            }
        }
    }

    /// The value that a field must have, when one term says so.
    package func requiredValue(of path: String) -> String? { terms.first { $0.path == path && $0.isEqual }?.value }

    private static func split(_ text: String) -> [Substring] {
        var parts: [Substring] = []
        var start = text.startIndex
        var isEscaped = false
        for index in text.indices {
            if isEscaped {
                isEscaped = false
            } else if text[index] == "\\" {
                isEscaped = true
            } else if text[index] == "," {
                parts.append(text[start..<index])
                start = text.index(after: index)
            }
        }
        return parts + [text[start...]]
    }

    private static func unescaped(_ text: Substring) -> String {
        var result = ""
        var isEscaped = false
        for character in text {
            if !isEscaped, character == "\\" {
                isEscaped = true
                continue
            }
            isEscaped = false
            result.append(character)
        }
        return result
    }
}
