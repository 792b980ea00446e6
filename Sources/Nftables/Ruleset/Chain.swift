/// A chain with its rules. With a hook it is a base chain, whose policy is always `accept`: a node agent adds to
/// the filters of other programs and never inverts the machine's default.
package struct Chain: Sendable, Hashable {
    package var name: String
    package var hook: Hook?
    package var comment: String?
    package var rules: [Rule]

    package init(_ name: String, hook: Hook? = nil, comment: String? = nil, rules: [Rule] = []) {
        self.name = name
        self.hook = hook
        self.comment = comment
        self.rules = rules
    }

    /// Returns whether the two differ in nothing but their rules.
    package func isDeclaredLike(_ other: Chain) -> Bool {
        name == other.name && hook == other.hook && comment == other.comment
    }
}
