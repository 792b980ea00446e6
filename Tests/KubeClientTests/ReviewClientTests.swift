import KubeClient
import KubeModel
import TestSupport
import Testing
import Timing

@Suite(.timeLimit(.minutes(1))) struct ReviewClientTests {
    private let attributes = SubjectAccessReview.ResourceAttributes(verb: "get", version: "v1", resource: "nodes", subresource: "stats", name: "n1")

    @Test("tokens are kept for two minutes")
    func tokensAreKeptForTwoMinutes() async throws {
        let time = ManualTime()
        let answer =
            #"{"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":{"token":"t"},"#
            + #""status":{"authenticated":true,"user":{"username":"eve","groups":["g"]}}}"#
        try await ScriptedServer.with { _ in
            ScriptedServer.Step.json(201, answer)
        } _: { server in
            let client = try TestClient.make(server.url, time: time)
            defer { client.shutdown() }
            let reviews = ReviewClient(client)
            for _ in 0..<3 { #expect(try await reviews.authenticate(token: "t")?.username == "eve") }
            #expect(server.requests.count == 1)
            #expect(server.requests[0].path == "/apis/authentication.k8s.io/v1/tokenreviews" && server.requests[0].body.contains(#""token":"t""#))
            _ = try await reviews.authenticate(token: "other")
            #expect(server.requests.count == 2)
            time.advance(by: .seconds(121))
            _ = try await reviews.authenticate(token: "t")
            #expect(server.requests.count == 3)
        }
    }

    @Test("an unknown token has no user")
    func unknownTokensAreNobody() async throws {
        let answer = #"{"apiVersion":"v1","kind":"TokenReview","spec":{"token":""},"status":{"error":"invalid bearer token"}}"#
        try await ScriptedServer.with { _ in
            ScriptedServer.Step.json(201, answer)
        } _: { server in
            let client = try TestClient.make(server.url)
            defer { client.shutdown() }
            let reviews = ReviewClient(client)
            #expect(try await reviews.authenticate(token: "t") == nil)
            #expect(try await reviews.authenticate(token: "") == nil)
            #expect(try await reviews.authenticate(token: String(repeating: "x", count: 1 << 20)) == nil)
            #expect(server.requests.count == 1)
        }
    }

    @Test("decisions are kept", arguments: [(true, 299, 301), (false, 29, 31)])
    func decisionsAreKept(allowed: Bool, still: Int, over: Int) async throws {
        let time = ManualTime()
        try await ScriptedServer.with { _ in
            ScriptedServer.Step.json(201, #"{"apiVersion":"v1","kind":"SubjectAccessReview","spec":{},"status":{"allowed":\#(allowed)}}"#)
        } _: { server in
            let client = try TestClient.make(server.url, time: time)
            defer { client.shutdown() }
            let reviews = ReviewClient(client)
            let user = UserInfo(username: "eve", groups: ["g"])
            #expect(try await reviews.authorize(user, attributes) == allowed)
            time.advance(by: .seconds(still))
            #expect(try await reviews.authorize(user, attributes) == allowed)
            #expect(server.requests.count == 1)
            _ = try await reviews.authorize(UserInfo(username: "bob", groups: []), attributes)
            #expect(server.requests.count == 2)
            time.advance(by: .seconds(over - still))
            _ = try await reviews.authorize(user, attributes)
            #expect(server.requests.count == 3)
        }
    }

    @Test("a review whose connection was lost is asked again, because a load balancer may drop idle connections")
    func lostConnection() async throws {
        let count = Counter()
        try await ScriptedServer.with { _ in
            count.next() == 0
                ? [.cut] : ScriptedServer.Step.json(201, #"{"apiVersion":"v1","kind":"S","spec":{},"status":{"allowed":true}}"#)
        } _: { server in
            let client = try TestClient.make(server.url)
            defer { client.shutdown() }
            #expect(try await ReviewClient(client).authorize(UserInfo(username: "eve", groups: []), attributes))
            #expect(server.requests.count == 2)
        }
    }

    @Test("reviews of made-up tokens take nothing from the rate limit of the node's own calls")
    func ownLimit() async throws {
        try await ScriptedServer.with { request in
            request.method == "POST"
                ? ScriptedServer.Step.json(201, #"{"apiVersion":"v1","kind":"TokenReview","spec":{"token":""},"status":{}}"#)
                : ScriptedAPI.list("1", [])
        } _: { server in
            var options = TestClient.options(ManualTime(), rate: 0.1)
            options.burst = 3
            let client = try KubeClient(ClusterAccess(server: server.url, origin: "test"), options: options)
            defer { client.shutdown() }
            let reviews = ReviewClient(client)
            for token in ["a", "b", "c"] { #expect(try await reviews.authenticate(token: token) == nil) }
            // On a clock that stands still, a fourth call of one limit is never sent.
            for _ in 0..<3 { _ = try await client.list(ConfigMap.self) }
        }
    }

    @Test("failures are not kept")
    func failuresAreNotKept() async throws {
        let count = Counter()
        try await ScriptedServer.with { _ in
            count.next() == 0
                ? ScriptedServer.Step.failure(500, "InternalError", "etcd")
                : ScriptedServer.Step.json(201, #"{"apiVersion":"v1","kind":"S","spec":{},"status":{"allowed":true}}"#)
        } _: { server in
            let client = try TestClient.make(server.url)
            defer { client.shutdown() }
            let reviews = ReviewClient(client)
            let user = UserInfo(username: "eve", groups: [])
            await #expect(throws: APIError.self) { try await reviews.authorize(user, attributes) }
            #expect(try await reviews.authorize(user, attributes))
        }
    }
}
