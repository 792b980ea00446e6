/// Kubernetes' `$(NAME)` references in env values, commands and arguments.
///
/// `$$` stands for one `$`, so `$$(NAME)` is the text `$(NAME)`; a reference to an unknown name stays as it is.
package enum VariableExpansion {
    package static func expand(_ text: String, _ value: (String) -> String?) -> String {
        guard text.contains("$") else { return text }
        var result = ""
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            switch rest.first {
            case "$":
                result += "$"
                rest = rest.dropFirst()
            case "(":
                guard let end = rest.firstIndex(of: ")") else {
                    result += "$("
                    rest = rest.dropFirst()
                    continue
                }
                let name = String(rest[rest.index(after: rest.startIndex)..<end])
                result += value(name) ?? "$(\(name))"
                rest = rest[rest.index(after: end)...]
            default:
                result += "$"
            }
        }
        return result + rest
    }
}
