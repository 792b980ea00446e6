import KubeModel

/// A field of Kubernetes that has no effect in this agent.
struct UnsupportedField: Sendable {
    let name: String
    /// Harmless values: the default, or the agent's own behaviour.
    let harmless: [String]
    let reason: String

    init(_ name: String, harmless: [String] = [], reason: String = "is not supported and has no effect; remove it") {
        self.name = name
        self.harmless = harmless
        self.reason = reason
    }

    func isHarmless(_ node: ConfigurationNode) -> Bool {
        switch node {
        case .null: return true
        case .scalar(let text, _, _):
            if text.isEmpty || harmless.contains(text) { return true }
            // 1m and 1m0s are equal.
            if let duration = GoDuration.parse(text) {
                if duration == .zero { return true }
                return harmless.contains { GoDuration.parse($0) == duration }
            }
            return false
        case .sequence(let items, _):
            return items.allSatisfy { if case .scalar(let text, _, _) = $0 { harmless.contains(text) } else { false } }
        // A mapping is harmless when all of its leaves are.
        case .mapping(let members, _):
            return members.allSatisfy { isHarmless($0.value) }
        }
    }
}
