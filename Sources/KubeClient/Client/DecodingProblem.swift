/// One line about why a JSON document does not fit its type.
package enum DecodingProblem {
    package static func text(_ error: any Error) -> String {
        switch error {
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context), DecodingError.dataCorrupted(let context):
            at(context.codingPath, context.debugDescription)
        case DecodingError.keyNotFound(let key, let context):
            at(context.codingPath + [key], "is missing")
        default: "\(error)"
        }
    }

    private static func at(_ path: [any CodingKey], _ problem: String) -> String {
        guard !path.isEmpty else { return problem }
        var text = ""
        for key in path {
            if let index = key.intValue { text += "[\(index)]" } else { text += (text.isEmpty ? "" : ".") + key.stringValue }
        }
        return "\(text): \(problem)"
    }
}
