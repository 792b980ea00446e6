import AsyncHTTPClient
import Crypto
import KubeModel
import NIOCore
import NIOHTTP1
import SwiftASN1
import TestSupport
import Testing
import Timing
import X509

@testable import DevCluster

@Suite("Server over TLS")
struct ServerTests {
    private static let pods = "/api/v1/namespaces/default/pods"

    @Test("a pod is created, patched, watched and deleted over TLS") func lifeOfAPod() async throws {
        try await ClusterFixture.run { cluster in
            try await cluster.withClient { client in
                let version = try await cluster.call(client, .GET, Self.pods).body.text("metadata", "resourceVersion")
                let (status, created) = try await cluster.call(client, .POST, Self.pods, Fixtures.pod())
                #expect(status == 201 && created["metadata", "generation"] == 1)
                let patched = try await cluster.call(
                    client, .PATCH, "\(Self.pods)/p/status", ["metadata": ["uid": .string(created.uid)], "status": ["phase": "Running"]],
                    type: "application/strategic-merge-patch+json")
                #expect(patched.status == 200 && patched.body.text("status", "phase") == "Running")
                let wrong = try await cluster.call(
                    client, .PATCH, "\(Self.pods)/p/status", ["metadata": ["uid": "x"]], type: "application/strategic-merge-patch+json")
                #expect(wrong.status == 409)
                let apply = try await cluster.call(client, .PATCH, "\(Self.pods)/p", [:], type: "application/apply-patch+yaml")
                #expect(apply.status == 415)
                _ = try await cluster.call(client, .DELETE, "\(Self.pods)/p", ["gracePeriodSeconds": 0])
                let gone = try await cluster.call(client, .GET, "\(Self.pods)/p").status
                #expect(gone == 404)

                // The watch from before tells the whole story and ends by itself.
                let request = HTTPClientRequest(url: "\(cluster.base)\(Self.pods)?watch=1&resourceVersion=\(version)&timeoutSeconds=1")
                let body = try await client.execute(request, timeout: .seconds(20)).body.collect(upTo: 1 << 20)
                let events = try String(buffer: body).split(separator: "\n").map { try JSONParser.parse(String($0)) }
                #expect(events.map { $0.text("type") } == ["ADDED", "MODIFIED", "MODIFIED", "DELETED"])
            }
        }
    }

    @Test("administrators, nodes and anonymous clients may do what their role grants") func whoMayDoWhat() async throws {
        try await ClusterFixture.run { cluster in
            try await cluster.withClient(certificate: false) { client in
                let health = try await cluster.call(client, .GET, "/healthz").status
                let anonymous = try await cluster.call(client, .GET, Self.pods).status
                let wrong = try await cluster.call(client, .GET, Self.pods, headers: ["Authorization": "Bearer nonsense"]).status
                #expect([health, anonymous, wrong] == [200, 403, 401])
            }
            try await cluster.withClient { client in
                let path = "/api/v1/namespaces/default/serviceaccounts/default/token"
                // The namespace controller makes the account: its watch shows when.
                let watch = HTTPClientRequest(url: "\(cluster.base)/api/v1/namespaces/default/serviceaccounts?watch=1&timeoutSeconds=10")
                for try await _ in try await client.execute(watch, timeout: .seconds(20)).body { break }
                let answer = try await cluster.call(client, .POST, path, ["spec": ["audiences": ["me"]]])
                #expect(answer.status == 201)
                let token = answer.body.text("status", "token")
                let wrong = try await cluster.call(client, .POST, "/apis/authentication.k8s.io/v1/tokenreviews", ["spec": ["token": .string(token)]])
                #expect(wrong.body["status", "authenticated"] == false)
                let right = try await cluster.call(
                    client, .POST, "/apis/authentication.k8s.io/v1/tokenreviews", ["spec": ["token": .string(token), "audiences": ["me"]]])
                #expect(right.body.text("status", "user", "username") == "system:serviceaccount:default:default")
                let review = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
                for (groups, isAllowed) in [(["system:masters"], true), (["system:authenticated"], false)] {
                    let answer = try await cluster.call(
                        client, .POST, review,
                        [
                            "spec": [
                                "user": "u", "groups": .array(groups.map { .string($0) }),
                                "resourceAttributes": ["verb": "create", "resource": "nodes", "subresource": "proxy", "name": "n1"],
                            ]
                        ])
                    #expect(answer.body["status", "allowed"] == .bool(isAllowed))
                }
            }
        }
    }

    @Test("certificate requests of nodes are signed") func certificatesOfNodesAreSigned() async throws {
        let authority = try CertificateAuthority(time: SystemTime())
        let signer = CertificateSigner(authority: authority)
        func request(_ organisation: String, _ name: String) throws -> JSONValue {
            let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
            let csr = try CertificateSigningRequest(
                version: .v1,
                subject: try DistinguishedName {
                    OrganizationName(organisation)
                    CommonName(name)
                }, privateKey: key, attributes: .init(), signatureAlgorithm: .ecdsaWithSHA256)
            let pem = try csr.serializeAsPEM().pemString
            return ["spec": ["signerName": .string(CertificateSigner.clientSigner), "request": .string(Base64.encode(Array(pem.utf8)))]]
        }
        let good = try #require(signer.answer(try request("system:nodes", "system:node:n1"), at: Fixtures.time))
        #expect(good.list("conditions").first?.text("type") == "Approved")
        let pem = String(decoding: try #require(Base64.decode(good.text("certificate"))), as: UTF8.self)
        let subject = try Certificate(pemEncoded: pem).subject.description
        #expect(subject.contains("system:node:n1"))
        let bad = try #require(signer.answer(try request("system:masters", "me"), at: Fixtures.time))
        #expect(bad.list("conditions").first?.text("type") == "Denied" && bad["certificate"] == nil)

        // Without automatic approval a serving certificate waits for a person.
        let careful = CertificateSigner(authority: authority, approvesServing: false)
        var waiting = try request("system:nodes", "system:node:n1")
        waiting["spec", "signerName"] = .string(CertificateSigner.servingSigner)
        #expect(careful.answer(waiting, at: Fixtures.time) == nil)
        var approved = try request("system:nodes", "system:node:n1")
        approved["status"] = ["conditions": [["type": "Approved", "status": "True"]]]
        #expect(careful.answer(approved, at: Fixtures.time)?.text("certificate").isEmpty == false)
        approved["status"] = ["conditions": [["type": "Denied", "status": "True"]]]
        #expect(careful.answer(approved, at: Fixtures.time) == nil)
    }

    @Test("a bound token dies with its pod") func aTokenDiesWithItsPod() async throws {
        let store = try await Fixtures.store()
        let pod = try await Fixtures.create(.pods, Fixtures.pod(), store)
        let account = try #require(await store.get(.serviceAccounts, ObjectKey(namespace: "default", name: "default")))
        let tokens = ServiceAccountTokens(time: ManualTime(epoch: Fixtures.time))
        let authenticator = Authenticator(tokens: tokens, bootstrapTokens: [:])
        let (token, _) = try tokens.issue(account: account, audiences: [], seconds: 600, bound: pod)
        func user(_ token: String) async -> String? {
            await store.transaction { authenticator.identify(token: token, audiences: [ServiceAccountTokens.issuer], $0)?.identity.user }
        }
        #expect(await user(token) == "system:serviceaccount:default:default")
        #expect(await user(token + "x") == nil)
        #expect(await user("a.b.c") == nil)
        _ = try await Fixtures.delete(.pods, "p", grace: 0, store)
        #expect(await user(token) == nil)
    }

    @Test(
        "a node may do what the Node authorizer grants",
        arguments: [
            ("get", "", "nodes", "", "", "n1", true), ("patch", "", "nodes", "status", "", "n1", true),
            ("patch", "", "nodes", "status", "", "n2", false),
            ("delete", "", "nodes", "", "", "n1", false), ("get", "", "pods", "", "default", "mine", true),
            ("get", "", "pods", "", "default", "theirs", false),
            ("patch", "", "pods", "status", "default", "mine", true), ("patch", "", "pods", "status", "default", "theirs", false),
            ("patch", "", "pods", "", "default", "mine", false), ("get", "", "configmaps", "", "default", "kube-root-ca.crt", true),
            ("get", "", "configmaps", "", "default", "other", false), ("list", "", "secrets", "", "default", "", false),
            ("update", "coordination.k8s.io", "leases", "", "kube-node-lease", "n1", true),
            ("update", "coordination.k8s.io", "leases", "", "kube-node-lease", "n2", false),
            ("update", "coordination.k8s.io", "leases", "", "default", "n1", false),
            ("create", "", "serviceaccounts", "token", "default", "default", true),
            ("create", "", "events", "", "default", "", true), ("list", "", "services", "", "", "", true),
            ("create", "", "services", "", "default", "", false),
            ("watch", "discovery.k8s.io", "endpointslices", "", "", "", false),
        ] as [(String, String, String, String, String, String, Bool)])
    func whatANodeMayDo(verb: String, group: String, resource: String, sub: String, namespace: String, name: String, isAllowed: Bool) async throws {
        let store = try await Fixtures.store()
        _ = try await Fixtures.create(.pods, Fixtures.pod("mine"), store)
        _ = try await Fixtures.create(.pods, Fixtures.pod("theirs", node: "n2"), store)
        let node = Identity(user: "system:node:n1", groups: ["system:nodes"])
        let access = AccessAttributes(verb: verb, group: group, resource: resource, subresource: sub, namespace: namespace, name: name)
        #expect(await store.transaction { Authorizer(nodesAreProxiers: false).allows(node, access, $0) } == isAllowed)
    }

    @Test("protobuf bodies are read as their JSON") func protobufBodies() {
        // Namespace "x" as kubectl sends it.
        let meta: [UInt8] = [0x0A, 0x03, 0x0A, 0x01, 0x78]
        let type: [UInt8] = [0x0A, 0x02, 0x76, 0x31, 0x12, 0x09] + Array("Namespace".utf8)
        let envelope: [UInt8] = [0x6B, 0x38, 0x73, 0x00, 0x0A, UInt8(type.count)] + type + [0x12, UInt8(meta.count)] + meta
        #expect(ProtobufBody.parse(envelope) == ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "x"]])
        for length in 0..<envelope.count {
            let cut = ProtobufBody.parse(envelope.prefix(length))
            #expect(cut == nil || cut?.text("kind") == "Namespace")  // never traps
        }
    }
}
