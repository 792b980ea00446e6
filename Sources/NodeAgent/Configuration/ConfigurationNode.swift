import Yams

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

    init(_ node: Yams.Node, file: String) throws {
        let place = node.mark.map { "\(file):\($0.line)" } ?? file
        switch node {
        case .mapping(let mapping):
            var members: [(key: String, place: String, value: ConfigurationNode)] = []
            for (key, value) in mapping {
                let keyPlace = key.mark.map { "\(file):\($0.line)" } ?? place
                guard case .scalar(let scalar) = key else {
                    throw ConfigurationError(.wrongType, place: keyPlace, reason: "found a key that is a mapping or list, wanted a name")
                }
                members.append((scalar.string, keyPlace, try ConfigurationNode(value, file: file)))
            }
            self = .mapping(members, place: place)
        case .sequence(let sequence):
            self = .sequence(try sequence.map { try ConfigurationNode($0, file: file) }, place: place)
        case .scalar(let scalar):
            let isPlain = scalar.style == .plain || scalar.style == .any
            self =
                isPlain && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
                ? .null(place: place) : .scalar(scalar.string, isPlain: isPlain, place: place)
        case .alias:
            throw ConfigurationError(.syntax, place: place, reason: "found a YAML alias, which is not supported here; write the value out")
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
