import FoundationEssentials
import KubeClient
import KubeModel
import NIOHTTP1
import TestSupport
import Testing
import Timing

@Suite(.timeLimit(.minutes(1))) struct KubeClientCallTests {
    private let node = #"{"kind":"Node","apiVersion":"v1","metadata":{"name":"n1","uid":"u1","resourceVersion":"5"}}"#

    @Test("each verb sends its method, path and body")
    func verbsUseTheRightMethodPathAndBody() async throws {
        let node = node
        try await ScriptedServer.with { _ in
            ScriptedServer.Step.json(200, node)
        } _: { server in
            let client = try TestClient.make(server.url)
            defer { client.shutdown() }
            let key = ObjectKey(namespace: "", name: "n1")
            let got = try await client.get(Node.self, key)
            #expect(got.uid == "u1")
            _ = try await client.update(got, subresource: "status")
            _ = try await client.patch(Node.self, key, subresource: "status", .strategicMerge, ["status": ["phase": "x"]])
            _ = try await client.patch(Node.self, key, .merge, Array("{}".utf8))
            try await client.delete(Node.self, key, DeleteOptions(gracePeriodSeconds: 0, uid: "u1"))
            _ = try await client.create(got)
            let seen = server.requests
            #expect(
                seen.map { "\($0.method) \($0.path)" } == [
                    "GET /api/v1/nodes/n1", "PUT /api/v1/nodes/n1/status", "PATCH /api/v1/nodes/n1/status", "PATCH /api/v1/nodes/n1",
                    "DELETE /api/v1/nodes/n1",
                    "POST /api/v1/nodes",
                ])
            #expect(seen[2].headers.first(name: "Content-Type") == "application/strategic-merge-patch+json")
            #expect(seen[2].body == #"{"status":{"phase":"x"}}"#)
            #expect(seen[3].headers.first(name: "Content-Type") == "application/merge-patch+json")
            #expect(seen[4].body == #"{"apiVersion":"v1","gracePeriodSeconds":0,"kind":"DeleteOptions","preconditions":{"uid":"u1"}}"#)
            let agent = seen[0].headers.first(name: "User-Agent") ?? ""
            #expect(agent.hasPrefix("swiftlet/1.2.3 (linux/") && agent.hasSuffix("kubernetes/1.36"))
            #expect(client.timeSinceLastContact != nil)
        }
    }

    @Test(
        "failure statuses become errors with their codes",
        arguments: [
            (404, "NotFound", \APIError.isNotFound), (409, "Conflict", \.isConflict), (409, "AlreadyExists", \.isAlreadyExists),
            (410, "Expired", \.isExpired),
            (403, "Forbidden", \.isForbidden), (422, "Invalid", \.isInvalid),
        ] as [(Int, String, any KeyPath<APIError, Bool> & Sendable)])
    func statusesBecomeErrors(code: Int, reason: String, check: any KeyPath<APIError, Bool> & Sendable) async throws {
        try await ScriptedServer.with { _ in
            ScriptedServer.Step.failure(code, reason, "the words")
        } _: { server in
            let client = try TestClient.make(server.url)
            defer { client.shutdown() }
            let error = try await #require(throws: APIError.self) { try await client.get(Node.self, ObjectKey(namespace: "", name: "n1")) }
            #expect(error[keyPath: check])
            #expect("\(error)".contains("cannot get nodes n1") && "\(error)".contains("\(code): the words"), "\(error)")
            #expect(error.isAlreadyExists != error.isConflict || code != 409)
        }
    }

    @Test("a failure in plain text is an API error too")
    func plainTextFailureIsStillAnAPIError() async throws {
        try await ScriptedServer.with { _ in
            [.head(502, []), .chunk("bad gateway"), .end]
        } _: { server in
            let client = try TestClient.make(server.url)
            defer { client.shutdown() }
            let error = try await #require(throws: APIError.self) { try await client.list(Node.self) }
            #expect(error.httpStatus == 502 && error.isTransient)
            #expect("\(error)".contains("bad gateway"))
        }
    }

    @Test("a call is repeated after the time of Retry-After")
    func retryAfterIsHonoured() async throws {
        let (node, count, time) = (node, Counter(), ManualTime())
        try await ScriptedServer.with { _ in
            count.next() < 2
                ? ScriptedServer.Step.failure(429, "TooManyRequests", "slow down", [("Retry-After", "3")]) : ScriptedServer.Step.json(200, node)
        } _: { server in
            let client = try TestClient.make(server.url, time: time)
            defer { client.shutdown() }
            async let got = client.get(Node.self, ObjectKey(namespace: "", name: "n1"))
            await time.passPause(shorterThan: .seconds(4))
            await time.passPause(shorterThan: .seconds(4))
            #expect(try await got.name == "n1")
            #expect(time.pauses.filter { $0 == .seconds(3) }.count == 2)
        }
    }

    @Test(
        "a call that comes before the authorizer knows the pod's binding is tried again for two seconds",
        arguments: [
            ("no relationship found between node 'n1' and this object", 8), ("node requested token bound to a pod scheduled on a different node", 8),
            ("nodes is forbidden", 1),
        ])
    func unknownBinding(message: String, tries: Int) async throws {
        let (count, time) = (Counter(), ManualTime())
        try await ScriptedServer.with { _ in
            _ = count.next()
            return ScriptedServer.Step.failure(403, "Forbidden", message)
        } _: { server in
            let client = try TestClient.make(server.url, time: time)
            defer { client.shutdown() }
            async let answer = client.get(Node.self, ObjectKey(namespace: "", name: "n1"))
            for _ in 1..<tries { await time.passPause(shorterThan: .seconds(1)) }
            do {
                _ = try await answer
                Issue.record("the call succeeded")
            } catch let error as APIError {
                #expect(error.isForbidden && server.requests.count == tries)
            }
            #expect(time.now() == (tries == 1 ? .zero : .seconds(2)))
        }
    }

    @Test("a call to a silent server ends at the deadline")
    func aSilentServerRunsIntoTheDeadline() async throws {
        let time = ManualTime()
        try await ScriptedServer.with { _ in
            [.hang]
        } _: { server in
            let client = try TestClient.make(server.url, time: time)
            defer { client.shutdown() }
            async let answer = client.get(Node.self, ObjectKey(namespace: "", name: "n1"))
            await time.passPause(shorterThan: .seconds(11))
            do {
                _ = try await answer
                Issue.record("the call succeeded")
            } catch let error as APIError {
                #expect(error.code == .timeout)
            }
            #expect(time.now() == .seconds(10))
        }
    }

    @Test("a read is tried again when its connection ends")
    func readingIsTriedAgainWhenAConnectionEnds() async throws {
        let (node, count) = (node, Counter())
        try await ScriptedServer.with { _ in
            count.next() == 0 ? [.cut] : ScriptedServer.Step.json(200, node)
        } _: { server in
            let client = try TestClient.make(server.url)
            defer { client.shutdown() }
            _ = try await client.get(Node.self, ObjectKey(namespace: "", name: "n1"))
            #expect(server.requests.count == 2)
        }
    }

    @Test("a write is not tried again")
    func writingIsNotTriedAgain() async throws {
        try await ScriptedServer.with { _ in
            [.cut]
        } _: { server in
            let client = try TestClient.make(server.url)
            defer { client.shutdown() }
            let error = try await #require(throws: APIError.self) {
                try await client.patch(Node.self, ObjectKey(namespace: "", name: "n1"), .merge, Array("{}".utf8))
            }
            #expect(error.code == .connectionLost)
            #expect(server.requests.count == 1)
        }
    }

    @Test("a port without a listener is an unreachable server")
    func nobodyListening() async throws {
        let url = try await ScriptedServer.with { _ in
            []
        } _: {
            $0.url
        }
        let client = try TestClient.make(url)
        defer { client.shutdown() }
        let error = try await #require(throws: APIError.self) { try await client.get(Node.self, ObjectKey(namespace: "", name: "n1")) }
        #expect(error.code == .unreachable)
        #expect("\(error)".contains(url.dropFirst("http://".count)), "\(error)")
    }

    @Test("an answer of another kind is one clear error")
    func anAnswerOfAnotherKindIsOneClearError() async throws {
        try await ScriptedServer.with { _ in
            ScriptedServer.Step.json(200, #"{"metadata":{"name":7}}"#)
        } _: { server in
            let client = try TestClient.make(server.url)
            defer { client.shutdown() }
            let error = try await #require(throws: APIError.self) { try await client.get(Node.self, ObjectKey(namespace: "", name: "n1")) }
            #expect(error.code == .badAnswer)
            #expect("\(error)".contains("metadata.name"), "\(error)")
        }
    }

    @Test("a changed token file is read again")
    func tokenFileIsReadAgainAfterItChanged() async throws {
        try await withTemporaryFolder { directory in
            let (node, time, path) = (node, ManualTime(), directory + "/token")
            try TemporaryFolder.write("first\n", to: path)
            try await ScriptedServer.with { _ in
                ScriptedServer.Step.json(200, node)
            } _: { server in
                let access = ClusterAccess(server: server.url, token: .file(path), origin: "test")
                let client = try KubeClient(access, options: TestClient.options(time))
                defer { client.shutdown() }
                let key = ObjectKey(namespace: "", name: "n1")
                _ = try await client.get(Node.self, key)
                try TemporaryFolder.write("second\n", to: path)
                _ = try await client.get(Node.self, key)
                time.advance(by: .seconds(11))
                _ = try await client.get(Node.self, key)
                #expect(server.requests.map { $0.headers.first(name: "Authorization") } == ["Bearer first", "Bearer first", "Bearer second"])
            }
        }
    }

    @Test("the lease does not wait for the rate limit of other calls")
    func theLeaseDoesNotWaitForTheRateLimitOfOthers() async throws {
        let (node, time) = (node, ManualTime())
        try await ScriptedServer.with { _ in
            ScriptedServer.Step.json(200, node)
        } _: { server in
            var options = TestClient.options(time)
            options.queriesPerSecond = 0.5
            options.burst = 1
            let client = try KubeClient(ClusterAccess(server: server.url, origin: "test"), options: options)
            defer { client.shutdown() }
            let key = ObjectKey(namespace: "", name: "n1")
            _ = try await client.get(Node.self, key)
            async let queued = client.get(Node.self, key)
            let lease = client.forLease()
            for _ in 0..<5 { _ = try await lease.get(Node.self, key) }
            await time.passPause(shorterThan: .seconds(3))
            _ = try await queued
            #expect(server.requests.count == 7)
            #expect(time.pauses.contains(.seconds(2)))
        }
    }
}
