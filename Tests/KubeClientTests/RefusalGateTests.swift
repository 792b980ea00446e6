import FoundationEssentials
import KubeClient
import KubeModel
import NIOHTTP1
import TestSupport
import Testing
import Timing

@Suite(.timeLimit(.minutes(1))) struct RefusalGateTests {
    private let key = ObjectKey(namespace: "", name: "n1")

    @Test("refused credentials are offered at growing intervals, and other credentials at once")
    func refusedCredentials() async throws {
        let time = ManualTime()
        try await withTemporaryFolder { folder in
            let path = folder + "/token"
            try TemporaryFolder.write("old", to: path)
            try await ScriptedServer.with { request in
                request.headers.first(name: "Authorization") == "Bearer new"
                    ? ScriptedServer.Step.json(200, #"{"kind":"Node","apiVersion":"v1","metadata":{"name":"n1"}}"#)
                    : ScriptedServer.Step.failure(401, "Unauthorized", "Unauthorized")
            } _: { server in
                let access = ClusterAccess(server: server.url, token: .file(path), origin: "test")
                let client = try KubeClient(access, options: TestClient.options(time))
                defer { client.shutdown() }
                func ask() async -> APIError? {
                    do {
                        _ = try await client.get(Node.self, key)
                        return nil
                    } catch {
                        return error as? APIError
                    }
                }
                // A call and its one repetition.
                #expect(await ask()?.httpStatus == 401)
                #expect(server.requests.count == 2 && client.refusal != nil)
                for _ in 0..<20 { #expect(await ask()?.httpStatus == 401) }
                #expect(server.requests.count == 2)
                var counts: [Int] = []
                for _ in 0..<300 {
                    time.advance(by: .seconds(1))
                    for _ in 0..<3 { _ = await ask() }
                    counts.append(server.requests.count)
                }
                // 300 seconds: 1, 2, 4, 8, 16, then every 30 s.
                #expect(server.requests.count < 40, "\(server.requests.count)")
                try TemporaryFolder.write("new", to: path)
                await client.reloadCredentials()
                #expect(await ask() == nil && client.refusal == nil)
            }
        }
    }

    @Test("a single refusal among answers closes nothing")
    func singleRefusal() async throws {
        let count = Locked(0)
        try await ScriptedServer.with { _ in
            count.set(count.value + 1)
            return count.value % 3 == 1
                ? ScriptedServer.Step.failure(401, "Unauthorized", "Unauthorized")
                : ScriptedServer.Step.json(200, #"{"kind":"Node","apiVersion":"v1","metadata":{"name":"n1"}}"#)
        } _: { server in
            let client = try TestClient.make(server.url, time: ManualTime())
            defer { client.shutdown() }
            for _ in 0..<20 { #expect(try await client.get(Node.self, key).name == "n1") }
            #expect(client.refusal == nil)
        }
    }

    @Test("a refusal says since when the certificate has ended, and the same for a whole day")
    func refusalNamesTheEnd() async throws {
        let ended = try TestAuthority("a").issue("system:node:n1", notBefore: Date(timeIntervalSince1970: 1_700_000_000), life: 1000)
        try await ScriptedServer.with { _ in
            ScriptedServer.Step.failure(401, "Unauthorized", "Unauthorized")
        } _: { server in
            var access = ClusterAccess(server: server.url, origin: "test")
            access.clientCertificate = .inline(Array(ended.pem.utf8), origin: "client-certificate-data in /etc/kubelet.conf")
            access.clientKey = .inline(Array(ended.keyPEM.utf8), origin: "key")
            let time = ManualTime(epoch: Timestamp(seconds: 1_800_000_000))
            let client = try KubeClient(access, options: TestClient.options(time))
            defer { client.shutdown() }
            let first = try await #require(throws: APIError.self) { try await client.get(Node.self, key) }
            #expect("\(first)".contains("in /etc/kubelet.conf has ended at 2023-11-14T22:30:00Z"), "\(first)")
            time.advance(by: .seconds(600))
            let second = try await #require(throws: APIError.self) { try await client.get(Node.self, key) }
            #expect("\(first)" == "\(second)")
            #expect(client.clientCertificate?.notAfter.seconds == 1_700_001_000)
        }
    }
}
