import YAML

/// A YAML value with the place where it was written, also after merging.
indirect enum ConfigurationNode: Sendable {
    case mapping([(key: String, place: String, value: ConfigurationNode)], place: String)
    case sequence([ConfigurationNode], place: String)
    /// `isPlain` distinguishes `true` from `"true"`.
    case scalar(String, isPlain: Bool, place: String)
    case null(place: String)

    var place: String {
        switch self {
        case .mapping(_, let place), .sequence(_, let place), .scalar(_, _, let place), .null(let place): place
        }
    }

    var kindName: String {
        switch self {
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .scalar(let text, let isPlain, _): isPlain ? "'\(text)'" : "the text \"\(text)\""
        case .null: "nothing"
        }
    }

    func member(_ key: String) -> ConfigurationNode? {
        if case .mapping(let members, _) = self { members.first { $0.key == key }?.value } else { nil }
    }

    init(_ node: YAMLNode, file: String) throws {
        let place = "\(file):\(node.line)"
        switch node {
        case .mapping(let mapping, _):
            self = .mapping(
                try mapping.map { key, value in
                    let keyPlace = "\(file):\(key.line)"
                    guard let name = key.text else {
                        throw ConfigurationError(.wrongType, place: keyPlace, reason: "found a key that is a mapping or list, wanted a name")
                    }
                    return (name, keyPlace, try ConfigurationNode(value, file: file))
                }, place: place)
        case .sequence(let sequence, _): self = .sequence(try sequence.map { try ConfigurationNode($0, file: file) }, place: place)
        case .scalar(let text, let isPlain, _): self = node.isNull ? .null(place: place) : .scalar(text, isPlain: isPlain, place: place)
        }
    }

    /// Merges `other` over this value: mappings member by member, everything else is replaced.
    func merged(with other: ConfigurationNode) -> ConfigurationNode {
        guard case .mapping(var members, let place) = self, case .mapping(let others, _) = other else { return other }
        for member in others {
            if let index = members.firstIndex(where: { $0.key == member.key }) {
                members[index] = (member.key, member.place, members[index].value.merged(with: member.value))
            } else {
                members.append(member)
            }
        }
        return .mapping(members, place: place)
    }
}
