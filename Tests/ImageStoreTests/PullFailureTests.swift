import LinuxSystem
import NIOHTTP1
import PodCore
import TestSupport
import Testing

@testable import ImageStore

/// Every failure of a registry, and the message that the pod's status and event show for it.
@Suite(.enabled(if: isRoot, "needs root"), .timeLimit(.minutes(2))) struct PullFailureTests {
    typealias Answer = @Sendable (FakeRegistry.Request) -> FakeRegistry.Reply

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// Whether the fault is in the layer instead of the manifest.
        var isLayer = false
        let reply: FakeRegistry.Reply
        let code: ImageFailure.Code
        /// `{name}` is the image, `{url}` the address that was asked.
        let message: String
    }

    private static let denied = "pull access denied, repository does not exist or may require authorization: HTTP"
    private static let image = PullTests.image()
    private static var layer: ContentDigest { image.layers[0] }
    private static let resolving = "failed to pull and unpack image \"{name}\": failed to resolve reference \"{name}\": "
    private static let unpacking = "failed to pull and unpack image \"{name}\": "

    private static func error(_ code: String, _ message: String) -> [UInt8] {
        Array("{\"errors\":[{\"code\":\"\(code)\",\"message\":\"\(message)\"}]}".utf8)
    }

    static let cases: [Case] = [
        Case(
            testDescription: "401 without a challenge", reply: .init(status: .unauthorized), code: .pullFailed,
            message: resolving + "GET {url}: \(denied) 401 without credentials; give the pod an imagePullSecret for {registry}"),
        Case(
            testDescription: "401 with a challenge", reply: .init(status: .unauthorized, headers: [("WWW-Authenticate", "Basic realm=\"x\"")]),
            code: .pullFailed, message: resolving + "GET {url}: \(denied) 401 without credentials; give the pod an imagePullSecret for {registry}"),
        Case(
            testDescription: "403", reply: .init(status: .forbidden), code: .pullFailed,
            message: resolving + "GET {url}: \(denied) 403 without credentials; give the pod an imagePullSecret for {registry}"),
        Case(
            testDescription: "403 with a reason", reply: .init(status: .forbidden, body: error("DENIED", "the image is blocked")),
            code: .pullFailed,
            message: resolving + "GET {url}: \(denied) 403 without credentials; give the pod an imagePullSecret for {registry}; "
                + "the registry says DENIED: the image is blocked"),
        Case(testDescription: "404", reply: .missing, code: .pullFailed, message: resolving + "{name}: not found"),
        Case(
            testDescription: "429 that asks for a long pause",
            reply: .init(
                status: .tooManyRequests, headers: [("Retry-After", "3600")], body: error("TOOMANYREQUESTS", "You have reached your pull rate limit")),
            code: .pullFailed,
            message: resolving
                + "GET {url}: found HTTP 429 Too Many Requests (TOOMANYREQUESTS: You have reached your pull rate limit), to be tried again after 3600"
        ),
        Case(
            testDescription: "429 for ever", reply: .init(status: .tooManyRequests, headers: [("Retry-After", "0")]), code: .pullFailed,
            message: resolving + "GET {url}: found HTTP 429 Too Many Requests, to be tried again after 0"),
        Case(
            testDescription: "500", reply: .init(status: .internalServerError), code: .pullFailed,
            message: resolving + "GET {url}: found HTTP 500 Internal Server Error"),
        Case(
            testDescription: "503 for ever", reply: .init(status: .serviceUnavailable), code: .registryUnavailable,
            message: resolving + "GET {url}: found HTTP 503 Service Unavailable"),
        Case(
            testDescription: "a redirect to nowhere", reply: .init(status: .temporaryRedirect), code: .pullFailed,
            message: resolving + "GET {url}: found a redirect to nowhere usable"),
        Case(
            testDescription: "a redirect out of TLS", reply: .init(status: .found, headers: [("Location", "http://elsewhere.invalid/x")]),
            code: .pullFailed, message: resolving + "GET {url}: found a redirect to http://elsewhere.invalid/x, wanted https there"),
        Case(
            testDescription: "a redirect in a circle", reply: .init(status: .found, headers: [("Location", "?again")]), code: .pullFailed,
            message: resolving + "GET {url}: found more than 5 redirects"),
        Case(
            testDescription: "a manifest that hangs", reply: .init(body: [1, 2, 3], cutAfter: 1, stalls: true), code: .pullFailed,
            message: resolving + "GET {url}: no answer: HTTPClientError.readTimeout"),
        Case(
            testDescription: "a layer that is not there", isLayer: true, reply: .missing, code: .pullFailed,
            message: unpacking + "GET {url}: not found"),
        Case(
            testDescription: "a layer with 500", isLayer: true, reply: .init(status: .internalServerError), code: .pullFailed,
            message: unpacking + "GET {url}: found HTTP 500 Internal Server Error"),
        Case(
            testDescription: "a layer with other bytes", isLayer: true,
            reply: .init(body: [UInt8](repeating: 7, count: image.blobs[layer]?.count ?? 0)),
            code: .pullFailed, message: unpacking + "fetch blob \(layer): found "),
        Case(
            testDescription: "a layer that is cut off each time", isLayer: true,
            reply: .init(body: image.blobs[layer] ?? [], cutAfter: 0), code: .pullFailed, message: unpacking + "GET {url}: no answer: "),
    ]

    @Test("a failure of the registry is told as Kubernetes tells it, with what was found", arguments: cases)
    func told(fault: Case) async throws {
        let script = FakeRegistry.Script { request in
            let isFaulty = fault.isLayer ? request.path.hasSuffix("\(Self.layer)") : request.path.contains("/manifests/")
            return isFaulty ? fault.reply : honest(Self.image)(request)
        }
        try await FakeRegistry.with(script) { server async throws in
            try await withTemporaryFolder { folder in
                try await withStore(in: folder, stall: fault.reply.stalls ? .milliseconds(500) : .seconds(60)) { store async throws in
                    let name = "\(server.authority)/test/image:1"
                    let failure = await #expect(throws: ImageFailure.self) { try await store.pull(name, credentials: []) }
                    let message = failure?.message ?? ""
                    let part = fault.isLayer ? "blobs/\(Self.layer)" : "manifests/1"
                    let wanted = fault.message.replacing("{name}", with: name).replacing("{registry}", with: server.authority)
                        .replacing("{url}", with: "http://\(server.authority)/v2/test/image/\(part)")
                    #expect(message.hasPrefix(wanted), "\(message)")
                    #expect(failure?.code == fault.code)
                    #expect(await store.images().isEmpty)
                }
            }
        }
    }

    @Test("a layer that stops in the middle is continued after the stall, with Range")
    func stall() async throws {
        let body = Self.image.blobs[Self.layer] ?? []
        let script = FakeRegistry.Script { request in
            guard request.path.hasSuffix("\(Self.layer)") else { return honest(Self.image)(request) }
            guard let range = request.headers.first(name: "Range") else { return .init(body: body, cutAfter: 700, stalls: true) }
            let start = Int(range.dropFirst("bytes=".count).prefix { $0 != "-" }) ?? 0
            return .init(
                status: .partialContent, headers: [("Content-Range", "bytes \(start)-\(body.count - 1)/\(body.count)")], body: Array(body[start...]))
        }
        try await FakeRegistry.with(script) { server async throws in
            try await withTemporaryFolder { folder in
                try await withStore(in: folder, stall: .seconds(3)) { store async throws in
                    _ = try await store.pull("\(server.authority)/test/image:1", credentials: [])
                }
            }
            let asked = server.requests.filter { $0.path.hasSuffix("\(Self.layer)") }.map { $0.headers.first(name: "Range") }
            #expect(asked == [nil, "bytes=700-\(body.count - 1)"])
        }
        #expect(RegistryTiming().stall == .seconds(60))
    }

    @Test("a login that may not read gives way to the next one, whether it is told by 401 or by 403", arguments: [401, 403])
    func nextLogin(status: Int) async throws {
        let script = FakeRegistry.Script { request in
            switch request.headers.first(name: "Authorization") {
            case nil: return .init(status: .unauthorized, headers: [("WWW-Authenticate", "Basic realm=\"x\"")])
            case "Basic dTpw": return honest(Self.image)(request)
            default: return .init(status: .init(statusCode: status))
            }
        }
        try await FakeRegistry.with(script) { server async throws in
            try await withTemporaryFolder { folder in
                try await withStore(in: folder) { store async throws in
                    let logins = ["z", "u"].map { RegistryCredential(registry: server.authority, username: $0, password: "p") }
                    _ = try await store.pull("\(server.authority)/test/image:1", credentials: logins)
                    let failure = await #expect(throws: ImageFailure.self) {
                        try await store.pull("\(server.authority)/test/image:1", credentials: [logins[0]])
                    }
                    #expect(failure?.message.contains("HTTP \(status) with the credentials of z") == true)
                }
            }
        }
    }

    @Test("when the registry and all mirrors fail, one line says what each answered")
    func mirrors() async throws {
        try await FakeRegistry.with(FakeRegistry.Script { _ in .init(status: .internalServerError) }) { broken async throws in
            try await FakeRegistry.with(FakeRegistry.Script { _ in .missing }) { empty async throws in
                try await FakeRegistry.with(FakeRegistry.Script { _ in .init(status: .forbidden) }) { registry async throws in
                    let hosts = [
                        registry.authority: RegistryConfiguration.Host(endpoints: ["http://\(broken.authority)", "http://\(empty.authority)/p"])
                    ]
                    try await withTemporaryFolder { folder in
                        try await withStore(in: folder, registries: RegistryConfiguration(hosts: hosts)) { store async throws in
                            let name = "\(registry.authority)/test/image:1"
                            let failure = await #expect(throws: ImageFailure.self) { try await store.pull(name, credentials: []) }
                            let wanted = [
                                "failed to pull and unpack image \"\(name)\": failed to resolve reference \"\(name)\": ",
                                "GET http://\(registry.authority)/v2/test/image/manifests/1: \(Self.denied) 403 without credentials; ",
                                "give the pod an imagePullSecret for \(registry.authority); mirror http://\(broken.authority): ",
                                "GET http://\(broken.authority)/v2/test/image/manifests/1: found HTTP 500 Internal Server Error; ",
                                "mirror http://\(empty.authority)/p: \(name): not found",
                            ]
                            #expect(failure?.message == wanted.joined())
                        }
                    }
                }
            }
        }
    }
}
