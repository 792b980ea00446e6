/// A value of a YAML document. Lines count from 1; aliases are replaced by the values that they name.
package indirect enum YAMLNode: Sendable {
    /// `isPlain` distinguishes `true` from `"true"`.
    case scalar(String, isPlain: Bool, line: Int)
    case sequence([YAMLNode], line: Int)
    case mapping([(key: YAMLNode, value: YAMLNode)], line: Int)

    package var line: Int {
        switch self {
        case .scalar(_, _, let line), .sequence(_, let line), .mapping(_, let line): line
        }
    }

    /// The text of a scalar; `nil` for a sequence and a mapping.
    package var text: String? { if case .scalar(let text, _, _) = self { text } else { nil } }

    /// True for a plain scalar that stands for the absence of a value.
    package var isNull: Bool {
        guard case .scalar(let text, isPlain: true, _) = self else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    /// The member of a mapping with this key, else that of a mapping which is merged into it by the key `<<`; `nil` for anything else.
    package subscript(_ key: String) -> YAMLNode? {
        guard case .mapping(let members, _) = self else { return nil }
        if let member = members.first(where: { $0.key.text == key }) { return member.value }
        guard let merged = members.first(where: { $0.key.text == "<<" })?.value else { return nil }
        guard case .sequence(let mappings, _) = merged else { return merged[key] }
        return mappings.lazy.compactMap { $0[key] }.first
    }
}
