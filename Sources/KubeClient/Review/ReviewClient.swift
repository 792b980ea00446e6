import Crypto
package import KubeModel
import Synchronization
import Timing

/// Authenticates and authorises callers through the API server, with kubelet's caches. Errors are never cached.
///
/// Its calls have a rate limit of their own: any peer that reaches the node's port causes one with each token that it makes up, and the node's own
/// calls, lists above all, must not wait behind them.
package final class ReviewClient: Sendable {
    package struct CacheTimes: Sendable, Hashable {
        package var token: Duration
        package var allowed: Duration
        package var denied: Duration

        package init(token: Duration = .seconds(120), allowed: Duration = .seconds(300), denied: Duration = .seconds(30)) {
            self.token = token
            self.allowed = allowed
            self.denied = denied
        }
    }

    private struct Question: Hashable, Sendable {
        let user: UserInfo
        let attributes: SubjectAccessReview.ResourceAttributes
    }

    /// Callers choose their tokens, so the size of an entry must not depend on the token.
    private static let cachedEntries = 4096
    private static let largestToken = 64 << 10

    private let client: KubeClient
    private let times: CacheTimes
    /// Digests, so that a memory dump shows no tokens.
    private let tokens = Mutex(ExpiringCache<[UInt8], UserInfo?>(limit: ReviewClient.cachedEntries))
    private let decisions = Mutex(ExpiringCache<Question, Bool>(limit: ReviewClient.cachedEntries))

    package init(_ client: KubeClient, times: CacheTimes = CacheTimes()) {
        self.client = client.limited(queriesPerSecond: client.options.queriesPerSecond, burst: client.options.burst)
        self.times = times
    }

    /// Returns the user of a bearer token, nil for a token that the API server rejects.
    package func authenticate(token: String) async throws -> UserInfo? {
        guard !token.isEmpty, token.utf8.count <= Self.largestToken else { return nil }
        let digest = Array(SHA256.hash(data: Array(token.utf8)))
        let time = client.options.time
        if let known = tokens.withLock({ $0.value(digest, now: time.now()) }) { return known }
        let review = try await client.review(TokenReview.resource, TokenReview(token: token))
        guard let status = review.status else {
            throw APIError(.badAnswer, operation: "create", object: "tokenreviews", reason: "the answer has no status")
        }
        // For an unknown token the answer may also carry an error text. Either way the caller is not authenticated.
        let isKnown = status.authenticated ?? false
        let user = isKnown ? status.user : nil
        let now = time.now()
        tokens.withLock { $0.store(user, for: digest, expires: now + (isKnown ? times.token : times.denied), now: now) }
        return user
    }

    /// Returns whether the user may perform the action.
    package func authorize(_ user: UserInfo, _ attributes: SubjectAccessReview.ResourceAttributes) async throws -> Bool {
        let question = Question(user: user, attributes: attributes)
        let time = client.options.time
        if let known = decisions.withLock({ $0.value(question, now: time.now()) }) { return known }
        let review = try await client.review(SubjectAccessReview.resource, SubjectAccessReview(user: user, attributes: attributes))
        guard let status = review.status else {
            throw APIError(.badAnswer, operation: "create", object: "subjectaccessreviews", reason: "the answer has no status")
        }
        let isAllowed = status.allowed && !(status.denied ?? false)
        let now = time.now()
        decisions.withLock { $0.store(isAllowed, for: question, expires: now + (isAllowed ? times.allowed : times.denied), now: now) }
        return isAllowed
    }
}
