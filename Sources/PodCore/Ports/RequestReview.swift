package import KubeModel

/// Asks the API server about who calls the node's endpoint. `KubeClient` conforms.
package protocol RequestReviewer: Sendable {
    /// Who a bearer token is; `nil` when the API server does not know it.
    func authenticate(token: String) async throws -> UserInfo?

    /// Whether the user may do this.
    func authorize(_ user: UserInfo, _ attributes: SubjectAccessReview.ResourceAttributes) async throws -> Bool
}
