import KubeModel

/// Reads the members of one mapping into a typed value, and detects every member that was not read.
struct FieldReader {
    /// Warnings of all readers of one file.
    final class Notes {
        var warnings: [ConfigurationWarning] = []
        /// Fields that the agent acts on and the file does not mention.
        var absent: Set<String> = []
    }

    private let members: [(key: String, place: String, value: ConfigurationNode)]
    private let path: String
    private let place: String
    private let notes: Notes
    private var asked: Set<String> = ["apiVersion", "kind"]

    init(_ node: ConfigurationNode, path: String = "", notes: Notes) throws {
        switch node {
        case .mapping(let members, _): self.members = members
        case .null: members = []
        default: throw ConfigurationError(.wrongType, place: node.place, field: path, reason: "found \(node.kindName), wanted a mapping")
        }
        self.path = path
        place = node.place
        self.notes = notes
    }

    /// Returns the value of a present field. Null means the default, as in the API.
    mutating func node(_ key: String) -> ConfigurationNode? {
        asked.insert(key)
        guard let value = members.first(where: { $0.key == key })?.value else {
            notes.absent.insert(field(key))
            return nil
        }
        if case .null = value { return nil }
        return value
    }

    mutating func read(_ key: String, into target: inout String) throws {
        guard let node = node(key) else { return }
        target = try text(node, key)
    }

    mutating func read(_ key: String, into target: inout String?) throws {
        guard let node = node(key) else { return }
        let found = try text(node, key)
        target = found.isEmpty ? nil : found
    }

    mutating func read(_ key: String, into target: inout Bool) throws {
        guard let node = node(key) else { return }
        guard case .scalar(let text, true, _) = node, let value = ["true": true, "false": false][text] else {
            throw wrong(node, key, "true or false")
        }
        target = value
    }

    mutating func read(_ key: String, into target: inout Int, in range: ClosedRange<Int>) throws {
        guard let node = node(key) else { return }
        guard case .scalar(let text, true, _) = node, let value = Int(text) else { throw wrong(node, key, "a whole number") }
        guard range.contains(value) else { throw bad(node, key, "found \(value), wanted a number from \(range.lowerBound) to \(range.upperBound)") }
        target = value
    }

    mutating func read(_ key: String, into target: inout Double, atLeast least: Double) throws {
        guard let node = node(key) else { return }
        guard case .scalar(let text, true, _) = node, let value = Double(text), value.isFinite else { throw wrong(node, key, "a number") }
        guard value >= least else { throw bad(node, key, "found \(text), wanted at least \(least)") }
        target = value
    }

    /// kubeadm writes `0s` for a default; `zeroMeansDefault` reads it like that.
    mutating func read(_ key: String, into target: inout Duration, zeroMeansDefault: Bool = true) throws {
        guard let node = node(key) else { return }
        guard case .scalar(let text, _, _) = node, let value = GoDuration.parse(text), value >= .zero else {
            throw wrong(node, key, "a duration such as 10s or 1m30s")
        }
        if value > .zero || !zeroMeansDefault { target = value }
    }

    mutating func read(_ key: String, into target: inout [String]) throws {
        guard let node = node(key) else { return }
        guard case .sequence(let items, _) = node else { throw wrong(node, key, "a list") }
        target = try items.enumerated().map { try text($0.element, "\(key)[\($0.offset)]") }
    }

    mutating func read(_ key: String, into target: inout [String: String]) throws {
        guard let node = node(key) else { return }
        guard case .mapping(let pairs, _) = node else { throw wrong(node, key, "a mapping") }
        target = [:]
        for pair in pairs { target[pair.key] = try text(pair.value, "\(key).\(pair.key)") }
    }

    mutating func read(_ key: String, into target: inout [String: Quantity]) throws {
        guard let node = node(key) else { return }
        guard case .mapping(let pairs, _) = node else { throw wrong(node, key, "a mapping") }
        target = [:]
        for pair in pairs {
            let written = try text(pair.value, "\(key).\(pair.key)")
            guard let quantity = Quantity(written) else {
                throw bad(pair.value, "\(key).\(pair.key)", "found '\(written)', wanted a quantity such as 200m or 1Gi")
            }
            target[pair.key] = quantity
        }
    }

    mutating func read(_ key: String, into target: inout Quantity) throws {
        guard let node = node(key) else { return }
        let written = try text(node, key)
        guard let quantity = Quantity(written) else { throw bad(node, key, "found '\(written)', wanted a quantity such as 10Mi") }
        target = quantity
    }

    mutating func read<Choice: RawRepresentable & CaseIterable>(_ key: String, into target: inout Choice) throws where Choice.RawValue == String {
        guard let node = node(key) else { return }
        let written = try text(node, key)
        guard !written.isEmpty else { return }
        guard let choice = Choice(rawValue: written) else {
            throw bad(node, key, "found '\(written)', wanted one of: \(Choice.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        target = choice
    }

    /// A nested mapping, read by `body` with a reader of its own.
    mutating func nested(_ key: String, _ body: (inout FieldReader) throws -> Void) throws {
        guard let node = node(key) else { return }
        var reader = try FieldReader(node, path: field(key), notes: notes)
        try body(&reader)
        try reader.finish()
    }

    /// A mapping from names to mappings, such as registries by host.
    mutating func named(_ key: String, _ body: (String, inout FieldReader) throws -> Void) throws {
        guard let node = node(key) else { return }
        guard case .mapping(let pairs, _) = node else { throw wrong(node, key, "a mapping") }
        for pair in pairs {
            var reader = try FieldReader(pair.value, path: "\(field(key)).\(pair.key)", notes: notes)
            try body(pair.key, &reader)
            try reader.finish()
        }
    }

    /// A list of mappings.
    mutating func list(_ key: String, _ body: (inout FieldReader) throws -> Void) throws {
        guard let node = node(key) else { return }
        guard case .sequence(let items, _) = node else { throw wrong(node, key, "a list") }
        for (index, item) in items.enumerated() {
            var reader = try FieldReader(item, path: "\(field(key))[\(index)]", notes: notes)
            try body(&reader)
            try reader.finish()
        }
    }

    /// Fields that exist in Kubernetes and have no effect here: accepted with one of the given values, else named in a warning.
    mutating func ignore(_ fields: [UnsupportedField]) {
        for unsupported in fields {
            asked.insert(unsupported.name)
            guard let node = members.first(where: { $0.key == unsupported.name })?.value, !unsupported.isHarmless(node) else { continue }
            notes.warnings.append(ConfigurationWarning(place: node.place, field: field(unsupported.name), reason: unsupported.reason))
        }
    }

    /// Refuses members that were not read. Call last.
    func finish() throws {
        guard let unknown = members.first(where: { !asked.contains($0.key) }) else { return }
        let hint = Spelling.suggestion(for: unknown.key, among: asked).map { "; did you mean '\($0)'?" } ?? ""
        throw ConfigurationError(.unknownField, place: unknown.place, field: field(unknown.key), reason: "there is no such field\(hint)")
    }

    /// The error of a field that may be missing.
    func bad(_ key: String, _ reason: String) -> ConfigurationError {
        ConfigurationError(
            .badValue, place: members.first { $0.key == key }?.place ?? place, field: field(key), reason: reason)
    }

    func bad(_ node: ConfigurationNode, _ key: String, _ reason: String) -> ConfigurationError {
        ConfigurationError(.badValue, place: node.place, field: field(key), reason: reason)
    }

    private func wrong(_ node: ConfigurationNode, _ key: String, _ wanted: String) -> ConfigurationError {
        ConfigurationError(.wrongType, place: node.place, field: field(key), reason: "found \(node.kindName), wanted \(wanted)")
    }

    private func text(_ node: ConfigurationNode, _ key: String) throws -> String {
        guard case .scalar(let text, _, _) = node else {
            if case .null = node { return "" }
            throw wrong(node, key, "text")
        }
        return text
    }

    private func field(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
}
