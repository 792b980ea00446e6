import LinuxSystem
import NIOHTTP1
import PodCore
import TestSupport
import Testing

@testable import ImageStore

/// Which pods may use an image that is on the node already.
@Suite(.enabled(if: isRoot, "needs root"), .timeLimit(.minutes(1))) struct ImageAccessTests {
    private static let image = PullTests.image()

    private static func secret(_ uid: String, namespace: String = "a", name: String = "login") -> CredentialOwner {
        CredentialOwner(uid: uid, namespace: namespace, name: name)
    }

    private static func login(_ registry: String, _ password: String, _ secret: CredentialOwner?) -> RegistryCredential {
        RegistryCredential(registry: registry, username: "u", password: password, owner: secret)
    }

    /// A registry that takes the passwords `one` and `two` of `u`.
    private static func withGuarded(_ body: (FakeRegistry) async throws -> Void) async throws {
        let script = FakeRegistry.Script { request in
            // u:one and u:two.
            guard ["Basic dTpvbmU=", "Basic dTp0d28="].contains(request.headers.first(name: "Authorization")) else {
                return FakeRegistry.Reply(status: .unauthorized, headers: [("WWW-Authenticate", "Basic realm=\"x\"")])
            }
            return honest(image)(request)
        }
        _ = try await FakeRegistry.with(script) { server async throws in try await body(server) }
    }

    @Test("credentials that brought an image admit to it after a restart, by the login or by the Secret that they are from; others do not")
    func credentialsAreRemembered() async throws {
        try await Self.withGuarded { server async throws in
            try await withTemporaryFolder { folder in
                let name = "\(server.authority)/test/image:1"
                func login(_ password: String, _ secret: CredentialOwner?) -> RegistryCredential { Self.login(server.authority, password, secret) }
                try await withStore(in: folder) { store async throws in
                    _ = try await store.pull(name, credentials: [login("wrong", Self.secret("0")), login("one", Self.secret("1"))])
                }
                try await withStore(in: folder) { store async throws in
                    let asked = server.requests.count
                    let image = try #require(try await store.image(name))
                    #expect(await store.permission(toUse: image, as: name) == .restricted)
                    func admits(_ credentials: RegistryCredential..., as reference: String = name) async -> Bool {
                        await store.admits(credentials, to: image, as: reference)
                    }
                    #expect(await !admits())
                    #expect(await !admits(login("wrong", Self.secret("0"))))
                    #expect(await !admits(login("two", Self.secret("2"))))
                    #expect(await !admits(login("two", nil)))
                    #expect(await !admits(login("one", Self.secret("1")), as: "\(server.authority)/test/other:1"))
                    #expect(await !admits(Self.login("elsewhere.test", "one", Self.secret("1"))))
                    #expect(await admits(login("wrong", Self.secret("0")), login("one", Self.secret("1")), as: "\(server.authority)/test/image:2"))
                    #expect(await !admits(login("changed", Self.secret("4", namespace: "b"))))
                    // The same login from another Secret, which is then known too: it may change.
                    #expect(await admits(login("one", Self.secret("3", namespace: "b"))))
                    #expect(await admits(login("changed", Self.secret("3", namespace: "b"))))
                    // The Secret's new login admits on its own from now on.
                    #expect(await admits(login("changed", Self.secret("5", namespace: "c"))))
                    #expect(server.requests.count == asked)
                }
            }
        }
    }

    @Test("each pull adds its credentials, and the image's removal ends them")
    func pullsAdd() async throws {
        try await Self.withGuarded { server async throws in
            try await withTemporaryFolder { folder in
                try await withStore(in: folder) { store async throws in
                    let name = "\(server.authority)/test/image:1"
                    let logins = ["one", "two"].map { Self.login(server.authority, $0, Self.secret($0)) }
                    for login in logins { _ = try await store.pull(name, credentials: [login]) }
                    let image = try #require(try await store.image(name))
                    for login in logins { #expect(await store.admits([login], to: image, as: name)) }
                    _ = try await store.removeImage(image.id, unusedFor: .zero, keeping: [])
                    #expect(await store.permission(toUse: image, as: name) == .restricted)
                    #expect(await !store.admits([logins[0]], to: image, as: name))
                }
            }
        }
    }

    @Test("an image that the registry gives without credentials, or for the node's own, is open, also once credentials have brought it")
    func open() async throws {
        try await Self.withGuarded { server async throws in
            try await withTemporaryFolder { folder in
                let name = "\(server.authority)/test/image:1"
                try AtomicFile.replace(folder + "/config.json", with: #"{"auths":{"\#(server.authority)":{"auth":"dTpvbmU="}}}"#)
                let own = RegistryConfiguration(credentials: NodeCredentials(configFiles: [folder + "/config.json"]))
                try await withStore(in: folder + "/a", registries: own) { store async throws in
                    let pulled = try await store.pull(name, credentials: [Self.login(server.authority, "two", Self.secret("2"))])
                    #expect(await store.permission(toUse: pulled, as: name) == .restricted)
                    // The pod's login is the node's.
                    _ = try await store.pull(name, credentials: [Self.login(server.authority, "one", Self.secret("1"))])
                    #expect(await store.permission(toUse: pulled, as: name) == .open)
                    #expect(await store.permission(toUse: pulled, as: "\(server.authority)/test/other") == .restricted)
                    #expect(await store.permission(toUse: pulled, as: pulled.id) == .open)
                }
            }
        }
        try await FakeRegistry.with(FakeRegistry.Script(honest(Self.image))) { server async throws in
            try await withTemporaryFolder { folder in
                try await withStore(in: folder) { store async throws in
                    let name = "\(server.authority)/test/image:1"
                    let pulled = try await store.pull(name, credentials: [Self.login(server.authority, "one", Self.secret("1"))])
                    #expect(await store.permission(toUse: pulled, as: name) == .open)
                }
            }
        }
    }

    @Test("an imported image has no record until a pull brings it")
    func imported() async throws {
        try await Self.withGuarded { server async throws in
            try await withTemporaryFolder { folder in
                let name = "\(server.authority)/test/image:1"
                try AtomicFile.replace(folder + "/image.tar", with: ArchiveTests.docker(Self.image, tags: [name]))
                try await withStore(in: folder + "/store") { store async throws in
                    let image = try #require(try await store.importImages(from: folder + "/image.tar", name: nil, pins: true).first)
                    #expect(await store.permission(toUse: image, as: name) == .unrecorded)
                    _ = try await store.pull(name, credentials: [Self.login(server.authority, "one", Self.secret("1"))])
                    #expect(await store.permission(toUse: image, as: name) == .restricted)
                    _ = try await store.importImages(from: folder + "/image.tar", name: nil, pins: true)
                    #expect(await store.permission(toUse: image, as: name) == .restricted)
                }
            }
        }
    }

    @Test("of very many Secrets the oldest are forgotten")
    func bound() {
        var record = AccessRecord()
        let grants = (0..<1200).map { AccessRecord.Grant(Self.login("r", "\($0)", Self.secret("\($0)")), repository: "r/a") }
        for grant in grants + [grants[500]] { record.add(grant) }
        #expect(record.grants.count == 1000)
        #expect(!record.admits(grants[0]) && record.admits(grants[1199]) && record.admits(grants[500]))
        record.add(nil)
        #expect(record.isOpen && record.grants.isEmpty && record.admits(grants[0]))
    }
}
