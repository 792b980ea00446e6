/// Statements that are performed in order while they match.
package struct Rule: Sendable, Hashable {
    package var statements: [Statement]
    package var comment: String?

    package init(_ statements: Statement..., comment: String? = nil) { self.init(statements, comment: comment) }

    package init(_ statements: [Statement], comment: String? = nil) {
        self.statements = statements
        self.comment = comment
    }
}
