package import KubeModel

/// Asks the API server about the callers of the node's endpoint. `KubeClient` conforms.
package protocol RequestReviewer: Sendable {
    /// Returns the user of a bearer token; `nil` when the API server does not know the token.
    func authenticate(token: String) async throws -> UserInfo?

    /// Whether the user may do this.
    func authorize(_ user: UserInfo, _ attributes: SubjectAccessReview.ResourceAttributes) async throws -> Bool
}
