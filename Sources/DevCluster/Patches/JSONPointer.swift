/// RFC 6901: the way to a value inside a document.
struct JSONPointer: Sendable, Hashable {
    let text: String
    let tokens: [String]

    init(_ text: String) throws {
        guard text.isEmpty || text.first == "/" else {
            throw PatchError(code: .malformed, path: text, reason: "a path must be empty or start with '/'")
        }
        self.text = text
        tokens = text.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(Self.unescaped)
    }

    private static func unescaped(_ token: Substring) -> String {
        var result = ""
        var rest = token
        while let character = rest.popFirst() {
            if character == "~", let next = rest.first, next == "0" || next == "1" {
                result.append(next == "0" ? "~" : "/")
                rest.removeFirst()
            } else {
                result.append(character)
            }
        }
        return result
    }
}
