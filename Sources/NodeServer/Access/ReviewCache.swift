package import KubeModel
package import PodCore

/// Remembers the API server's answers for as long as kubelet does by default: tokens 2 minutes, permissions 5 minutes,
/// refusals 30 seconds. Failures are not remembered.
package actor ReviewCache: RequestReviewer {
    private struct Question: Hashable {
        let user: UserInfo
        let attributes: SubjectAccessReview.ResourceAttributes
    }

    private struct Entry<Answer: Sendable>: Sendable {
        let answer: Answer
        let expires: ContinuousClock.Instant
    }

    /// At most this many answers of a kind are held.
    private static let capacity = 1024

    private let reviewer: any RequestReviewer
    private let now: @Sendable () -> ContinuousClock.Instant
    private var users: [String: Entry<UserInfo>] = [:]
    private var permissions: [Question: Entry<Bool>] = [:]

    package init(_ reviewer: any RequestReviewer, now: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }) {
        self.reviewer = reviewer
        self.now = now
    }

    package func authenticate(token: String) async throws -> UserInfo? {
        if let entry = users[token], entry.expires > now() { return entry.answer }
        let user = try await reviewer.authenticate(token: token)
        users[token] = nil
        if let user {
            Self.makeRoom(in: &users, now: now())
            users[token] = Entry(answer: user, expires: now() + .seconds(120))
        }
        return user
    }

    package func authorize(_ user: UserInfo, _ attributes: SubjectAccessReview.ResourceAttributes) async throws -> Bool {
        let question = Question(user: user, attributes: attributes)
        if let entry = permissions[question], entry.expires > now() { return entry.answer }
        let allowed = try await reviewer.authorize(user, attributes)
        permissions[question] = nil
        Self.makeRoom(in: &permissions, now: now())
        permissions[question] = Entry(answer: allowed, expires: now() + .seconds(allowed ? 300 : 30))
        return allowed
    }

    private static func makeRoom<Key, Answer>(in entries: inout [Key: Entry<Answer>], now: ContinuousClock.Instant) {
        guard entries.count >= capacity else { return }
        entries = entries.filter { $0.value.expires > now }
        // Everything is fresh: start again rather than let a flood of tokens decide what stays.
        if entries.count >= capacity { entries.removeAll() }
    }
}
