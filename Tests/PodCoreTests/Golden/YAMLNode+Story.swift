import YAML

extension YAMLNode {
    /// The elements of a sequence; none of an empty value.
    var elements: [YAMLNode] {
        get throws {
            if isNull { return [] }
            guard case .sequence(let elements, _) = self else { throw StoryError("line \(line): found no list") }
            return elements
        }
    }

    /// The members of a mapping; none of an empty value.
    var members: [String: YAMLNode] {
        get throws {
            if isNull { return [:] }
            guard case .mapping(let members, _) = self else { throw StoryError("line \(line): found no mapping") }
            return Dictionary(members.map { ($0.key.text ?? "", $0.value) }) { $1 }
        }
    }

    func required(_ name: String) throws -> String {
        guard let text = self[name]?.text else { throw StoryError("line \(line): found no \(name)") }
        return text
    }
}
