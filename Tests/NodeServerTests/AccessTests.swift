import HTTPTypes
import KubeModel
import Logging
import NIOCore
import NodeServer
import TestSupport
import Testing

@Suite struct AccessTests {
    private static let apiServer = UserInfo(username: "api", groups: ["system:masters", "system:authenticated"])

    private func outcome(
        _ reviewer: FakeReviewer, _ method: String, _ path: String, certificate: UserInfo? = nil, token: String? = nil, anonymous: Bool = false,
        tokens: Bool = true, everything: Bool = false
    ) async throws -> (status: Int, text: String) {
        let target = try #require(RequestTarget(uri: path))
        let control = AccessControl(
            nodeName: "n1", reviewer: reviewer, allowsAnonymous: anonymous, reviewsTokens: tokens, allowsEverything: everything, logger: .silent)
        do {
            let user = try await control.admit(
                method: method, segments: target.segments, credentials: RequestCredentials(certificateUser: certificate, bearerToken: token))
            return (200, user.username ?? "")
        } catch let refusal {
            guard case .bytes(let bytes) = refusal.answer.body else { return (refusal.answer.status.code, "") }
            return (refusal.answer.status.code, String(buffer: bytes))
        }
    }

    @Test("a request needs an authenticated user with a permission") func whoIsLetIn() async throws {
        func reviewer() -> FakeReviewer {
            FakeReviewer(
                tokens: ["good": UserInfo(username: "bot", groups: []), "empty": UserInfo(username: "", groups: [])],
                grants: ["api get proxy", "bot get healthz", "system:anonymous get healthz"])
        }
        #expect(try await outcome(reviewer(), "GET", "/pods", certificate: Self.apiServer) == (200, "api"))
        #expect(try await outcome(reviewer(), "GET", "/healthz", token: "good") == (200, "bot"))
        // The certificate comes first.
        #expect(try await outcome(reviewer(), "GET", "/pods", certificate: Self.apiServer, token: "bad") == (200, "api"))
        #expect(
            try await outcome(reviewer(), "GET", "/pods", token: "good")
                == (403, "Forbidden (user=bot, verb=get, resource=nodes, subresource(s)=[pods proxy])\n"))
        #expect(try await outcome(reviewer(), "GET", "/pods", token: "bad") == (401, "Unauthorized"))
        #expect(try await outcome(reviewer(), "GET", "/pods", token: "empty") == (401, "Unauthorized"))
        #expect(try await outcome(reviewer(), "GET", "/pods") == (401, "Unauthorized"))
        #expect(try await outcome(reviewer(), "GET", "/healthz", anonymous: true) == (200, "system:anonymous"))
        #expect(try await outcome(reviewer(), "GET", "/pods", anonymous: true).status == 403)
        // A wrong token is no anonymous request.
        #expect(try await outcome(reviewer(), "GET", "/healthz", token: "bad", anonymous: true).status == 401)
    }

    @Test("without token review a bearer token is refused") func tokensProveNothingWithoutReview() async throws {
        let reviewer = FakeReviewer(tokens: ["good": UserInfo(username: "bot", groups: [])], grants: ["bot get healthz", "api get proxy"])
        #expect(try await outcome(reviewer, "GET", "/healthz", token: "good", tokens: false) == (401, "Unauthorized"))
        #expect(try await outcome(reviewer, "GET", "/healthz", token: "good", anonymous: true, tokens: false, everything: true).status == 401)
        #expect(try await outcome(reviewer, "GET", "/pods", certificate: Self.apiServer, tokens: false) == (200, "api"))
    }

    @Test("AlwaysAllow asks for no permission but needs a user") func alwaysAllowAsksNobodyButWantsAUser() async throws {
        let reviewer = FakeReviewer(tokens: ["good": UserInfo(username: "bot", groups: [])], failsPermissions: true)
        #expect(try await outcome(reviewer, "GET", "/pods", token: "good", everything: true) == (200, "bot"))
        #expect(try await outcome(reviewer, "GET", "/pods", certificate: Self.apiServer, everything: true) == (200, "api"))
        #expect(try await outcome(reviewer, "GET", "/pods", token: "bad", everything: true).status == 401)
        #expect(try await outcome(reviewer, "GET", "/pods", everything: true).status == 401)
    }

    @Test("a review that fails keeps the request out") func failsClosed() async throws {
        let noTokens = FakeReviewer(tokens: ["good": UserInfo(username: "bot", groups: [])], grants: ["bot get proxy"], failsTokens: true)
        #expect(try await outcome(noTokens, "GET", "/pods", token: "good", anonymous: true).status == 401)
        let noPermissions = FakeReviewer(grants: ["api get proxy"], failsPermissions: true)
        #expect(
            try await outcome(noPermissions, "GET", "/pods", certificate: Self.apiServer)
                == (500, "Authorization error (user=api, verb=get, resource=nodes, subresource=pods)"))
    }

    @Test(
        "a method and a path become the verb and subresources of nodes that kubelet uses",
        arguments: [
            ("GET", "/pods", "get", ["pods", "proxy"]), ("GET", "/pods/", "get", ["pods", "proxy"]),
            ("GET", "/runningpods/", "get", ["pods", "proxy"]),
            ("GET", "/healthz/ping", "get", ["healthz", "proxy"]), ("GET", "/configz", "get", ["configz", "proxy"]),
            ("GET", "/stats/summary", "get", ["stats"]), ("GET", "/metrics/cadvisor", "get", ["metrics"]), ("GET", "/logs/", "get", ["log"]),
            ("POST", "/checkpoint/a/b/c", "create", ["checkpoint"]), ("GET", "/containerLogs/a/b/c", "get", ["proxy"]),
            ("GET", "/exec/a/b/c", "create", ["proxy"]), ("POST", "/exec/a/b/c", "create", ["proxy"]), ("GET", "/%65xec/a/b/c", "create", ["proxy"]),
            ("GET", "/attach/a/b/c", "create", ["proxy"]), ("GET", "/portForward/a/b", "create", ["proxy"]),
            ("GET", "/run/a/b/c", "create", ["proxy"]), ("POST", "/run/a/b/c?cmd=ls", "create", ["proxy"]), ("GET", "/metrics", "get", ["metrics"]),
            ("GET", "/metrics/probes", "get", ["metrics"]), ("GET", "/metrics/slis", "get", ["metrics"]), ("GET", "/logs/x", "get", ["log"]),
            ("GET", "/healthz", "get", ["healthz", "proxy"]), ("GET", "/runningpods", "get", ["pods", "proxy"]),
            ("GET", "/ui/", "get", ["proxy"]), ("GET", "/ui/data.json", "get", ["proxy"]), ("POST", "/ui/", "create", ["proxy"]),
            ("PUT", "/anything", "update", ["proxy"]), ("PATCH", "/", "patch", ["proxy"]), ("DELETE", "/x", "delete", ["proxy"]),
            ("OPTIONS", "/x", "", ["proxy"]),
            ("GET", "/podsx", "get", ["proxy"]), ("GET", "//exec/a/b/c", "get", ["proxy"]),
        ])
    func attributes(_ method: String, _ path: String, _ verb: String, _ subresources: [String]) throws {
        let segments = try #require(RequestTarget(uri: path)).segments
        let attributes = RequestAttributes.attributes(method: method, segments: segments, nodeName: "n1")
        #expect(attributes.map(\.verb) == Array(repeating: verb, count: subresources.count))
        #expect(attributes.map(\.subresource) == subresources.map(Optional.some))
        #expect(attributes.allSatisfy { $0.resource == "nodes" && $0.name == "n1" })
        // A request that is authorised as reading never runs a command.
        if verb != "create", case .stream = EndpointPath(segments) { Issue.record("exec without create") }
        if verb != "create", case .run = EndpointPath(segments) { Issue.record("run without create") }
    }

    @Test(
        "the bearer token is read from the Authorization header",
        arguments: [
            ("Bearer abc", "abc" as String?), ("bearer  abc", "abc"), ("BEARER abc def", "abc"), ("Bearer", nil), ("Bearer ", nil),
            ("Basic abc", nil),
            (nil, nil),
        ])
    func bearerTokens(_ header: String?, _ token: String?) {
        #expect(RequestCredentials.bearerToken(authorization: header) == token)
    }
}
