import HTTPTypes
package import KubeModel
package import Logging
package import PodCore

/// Admits a request or refuses it with the reason. Every failure on the way refuses it.
package struct AccessControl: Sendable {
    private let nodeName: String
    private let reviewer: any RequestReviewer
    private let allowsAnonymous: Bool
    private let reviewsTokens: Bool
    private let allowsEverything: Bool
    private let logger: Logger

    /// - Parameters:
    ///   - allowsAnonymous: requests without credentials become `system:anonymous` and are authorised like any other.
    ///   - reviewsTokens: bearer tokens are sent to the reviewer; otherwise every token is refused.
    ///   - allowsEverything: every authenticated user may do everything, without a review.
    package init(
        nodeName: String, reviewer: any RequestReviewer, allowsAnonymous: Bool = false, reviewsTokens: Bool = true, allowsEverything: Bool = false,
        logger: Logger
    ) {
        self.nodeName = nodeName
        self.reviewer = reviewer
        self.allowsAnonymous = allowsAnonymous
        self.reviewsTokens = reviewsTokens
        self.allowsEverything = allowsEverything
        self.logger = logger
    }

    /// Returns the user when the request may be served.
    package func admit(method: String, segments: [String], credentials: RequestCredentials) async throws(Refusal) -> UserInfo {
        let user = try await authenticate(credentials)
        if !allowsEverything { try await authorize(user, method: method, segments: segments) }
        return user
    }

    private func authenticate(_ credentials: RequestCredentials) async throws(Refusal) -> UserInfo {
        if let user = credentials.certificateUser { return user }
        if let token = credentials.bearerToken {
            guard reviewsTokens else { throw Refusal(.unauthorized, "Unauthorized") }
            let reviewed: UserInfo?
            do {
                reviewed = try await reviewer.authenticate(token: token)
            } catch {
                logger.error("Bearer token could not be reviewed", metadata: ["error": "\(error)"])
                throw Refusal(.unauthorized, "Unauthorized: the API server could not be asked who the bearer token belongs to")
            }
            // An unknown token is a failed log-in, not an anonymous request.
            guard var user = reviewed, user.username?.isEmpty == false else { throw Refusal(.unauthorized, "Unauthorized") }
            user.groups = ClientIdentity.withAuthenticated(user.groups ?? [])
            return user
        }
        guard allowsAnonymous else { throw Refusal(.unauthorized, "Unauthorized") }
        return UserInfo(username: "system:anonymous", groups: ["system:unauthenticated"])
    }

    private func authorize(_ user: UserInfo, method: String, segments: [String]) async throws(Refusal) {
        let choices = RequestAttributes.attributes(method: method, segments: segments, nodeName: nodeName)
        let name = user.username ?? ""
        for choice in choices {
            do {
                if try await reviewer.authorize(user, choice) { return }
            } catch {
                logger.error(
                    "Request could not be authorised",
                    metadata: ["user": "\(name)", "verb": "\(choice.verb)", "subresource": "\(choice.subresource ?? "")", "error": "\(error)"])
                throw Refusal(
                    .internalServerError,
                    "Authorization error (user=\(name), verb=\(choice.verb), resource=nodes, subresource=\(choice.subresource ?? ""))")
            }
        }
        let verb = choices.first?.verb ?? ""
        let subresources = choices.compactMap(\.subresource).joined(separator: " ")
        throw Refusal(.forbidden, "Forbidden (user=\(name), verb=\(verb), resource=nodes, subresource(s)=[\(subresources)])\n")
    }
}
