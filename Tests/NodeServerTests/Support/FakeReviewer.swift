import KubeModel
import PodCore

/// An API server's reviews from tables; fails when told to.
actor FakeReviewer: RequestReviewer {
    struct Failure: Error {}

    private let tokens: [String: UserInfo]
    private let grants: Set<String>
    private let failsTokens: Bool
    private let failsPermissions: Bool
    private(set) var tokenReviews = 0
    private(set) var questions: [String] = []

    /// - Parameter grants: `user verb subresource`.
    init(tokens: [String: UserInfo] = [:], grants: Set<String> = [], failsTokens: Bool = false, failsPermissions: Bool = false) {
        self.tokens = tokens
        self.grants = grants
        self.failsTokens = failsTokens
        self.failsPermissions = failsPermissions
    }

    func authenticate(token: String) async throws -> UserInfo? {
        tokenReviews += 1
        if failsTokens { throw Failure() }
        return tokens[token]
    }

    func authorize(_ user: UserInfo, _ attributes: SubjectAccessReview.ResourceAttributes) async throws -> Bool {
        let question = "\(user.username ?? "") \(attributes.verb) \(attributes.subresource ?? "")"
        questions.append(question)
        if failsPermissions { throw Failure() }
        return grants.contains(question)
    }
}
