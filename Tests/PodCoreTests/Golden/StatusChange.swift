import YAML

/// The change from one reported status to the next as a story writes it.
///
/// Members of mappings have paths: `{c: {ready: true}}` is `c.ready`. A key may name several paths: `Ready, ContainersReady`. The value `~` stands
/// for a field that disappears. `usual` names a change that others build upon; there, `=` takes a field out.
struct StatusChange {
    let fields: [String: String?]

    init(_ node: YAMLNode, usual: [String: [String: String?]] = [:]) throws {
        guard case .mapping(let members, _) = node else { throw StoryError("line \(node.line): found no mapping, wanted the change of a status") }
        var fields: [String: String?] = [:]
        for (key, value) in members {
            guard let key = key.text else { throw StoryError("line \(key.line): found no name") }
            if key == "usual" {
                guard let change = usual[value.text ?? ""] else { throw StoryError("line \(value.line): found no usual change \(value.text ?? "")") }
                fields.merge(change) { own, _ in own }
                continue
            }
            for name in key.split(separator: ",").map({ $0.filter { $0 != " " } }) { try Self.add(value, at: name, to: &fields) }
        }
        self.fields = fields.filter { $0.value != "=" }
    }

    private static func add(_ value: YAMLNode, at path: String, to fields: inout [String: String?]) throws {
        switch value {
        case .scalar(let text, _, _): fields[path] = .some(value.isNull ? nil : text)
        case .mapping(let members, _): for (key, value) in members { try add(value, at: "\(path).\(key.text ?? "")", to: &fields) }
        case .sequence: throw StoryError("line \(value.line): found a list, wanted a text")
        }
    }
}
