import Glibc
import LinuxSystem
import NIOHTTP1
import PodCore
import Synchronization
import TestSupport
import Testing

@testable import ImageStore

@Suite(.enabled(if: isRoot, "needs root")) struct PullTests {
    static func image(content: String = "hello", user: String = "") -> TestImage {
        var base = TarArchive()
        base.directory("etc/")
        base.file("etc/passwd", "root:x:0:0::/root:/bin/sh\napp:x:7:8::/app:/bin/sh\n")
        base.directory("tmp/", mode: 0o1777, uid: 1, gid: 2)
        var top = TarArchive()
        top.file("tmp/data", content)
        return TestImage(layers: [base.finished, top.finished], user: user)
    }

    @Test("an image is pulled by tag and by digest, and is still there after a restart")
    func byTagAndDigest() async throws {
        let image = Self.image(user: "app")
        try await FakeRegistry.with(FakeRegistry.Script(honest(image))) { server async throws in
            try await withTemporaryFolder { directory async throws in
                try await withStore(in: directory) { store async throws in
                    let tag = "\(server.authority)/test/image:1"
                    #expect(try await store.image(tag) == nil)
                    let pulled = try await store.pull(tag, credentials: [])
                    #expect(pulled.id == "\(image.config)")
                    #expect(pulled.names == [tag])
                    #expect(pulled.repoDigests == ["\(server.authority)/test/image@\(image.digest)"])
                    #expect(pulled.config.cmd == ["sh"])
                    #expect(pulled.size == Int64(image.blobs.values.reduce(0) { $0 + $1.count }))
                    #expect(pulled.lowerDirectories.count == 2)
                    // The top layer does not describe tmp: it looks like the one below.
                    let tmp = try FileStatus(of: pulled.lowerDirectories[0] + "/tmp")
                    #expect(tmp.mode == 0o1777 && tmp.uid == 1 && tmp.gid == 2)
                    #expect(try SmallFile.text(pulled.lowerDirectories[0] + "/tmp/data") == "hello")
                    #expect(try await store.user("app", in: pulled) == ImageUser(uid: 7, gid: 8, home: "/app"))
                    let failure = await #expect(throws: ImageFailure.self) { try await store.user("nobody", in: pulled) }
                    #expect(failure?.code == .unknownUser)

                    let before = server.requests.count
                    let byDigest = try await store.pull("\(server.authority)/test/image@\(image.digest)", credentials: [])
                    #expect(byDigest.lowerDirectories == pulled.lowerDirectories)
                    #expect(server.requests.count == before + 1)
                    #expect(try await store.image(pulled.repoDigests[0])?.id == pulled.id)
                    #expect(try await store.image(pulled.id)?.id == pulled.id)
                    #expect(await store.images().map(\.id) == [pulled.id])
                    #expect(try DirectoryListing.names(at: directory + "/ingest").isEmpty)
                    #expect(try FileStatus(of: directory).mode == 0o700)
                }
                // After a restart everything is as it was, leftovers are gone.
                try Directories.make(directory + "/layers/77")
                try AtomicFile.replace(directory + "/ingest/5", with: "half")
                try await withStore(in: directory) { store async throws in
                    #expect(try await store.image("\(server.authority)/test/image:1")?.id == "\(image.config)")
                    #expect(try DirectoryListing.names(at: directory + "/layers").count == 2)
                    #expect(try DirectoryListing.names(at: directory + "/ingest").isEmpty)
                }
                // A layer that is gone takes its image with it; the rest stays.
                let layers = try DirectoryListing.names(at: directory + "/layers")
                try TreeRemoval.remove("\(directory)/layers/\(layers[1])")
                try await withStore(in: directory) { store async throws in
                    #expect(await store.images().isEmpty)
                    _ = try await store.pull("\(server.authority)/test/image:1", credentials: [])
                    #expect(await store.images().count == 1)
                }
                // A damaged index is put aside, and no layer is removed.
                try AtomicFile.replace(directory + "/index.json", with: "{\"version\":1,")
                for _ in 0..<2 {
                    try await withStore(in: directory) { store async throws in
                        #expect(await store.images().isEmpty)
                        #expect(try DirectoryListing.names(at: directory + "/layers").count == 2)
                        #expect(try SmallFile.text(directory + "/index.json.damaged-1") == "{\"version\":1,")
                    }
                }
            }
        }
    }

    /// The kernel's own overlayfs shows the layers as the image means them.
    @Test("the kernel's overlayfs shows the layers as the image means them", .enabled(if: access("/usr/bin/unshare", X_OK) == 0, "needs unshare"))
    func overlay() async throws {
        var base = TarArchive()
        base.directory("dir/")
        base.file("dir/below")
        base.file("gone")
        base.file("kept")
        var top = TarArchive()
        top.file(".wh.gone", "")
        top.file("dir/.wh..wh..opq", "")
        top.file("dir/above")
        let image = TestImage(layers: [base.finished, top.finished])
        try await FakeRegistry.with(FakeRegistry.Script(honest(image))) { server async throws in
            try await withTemporaryFolder { directory async throws in
                try await withStore(in: directory + "/store") { store async throws in
                    let pulled = try await store.pull("\(server.authority)/test/image:1", credentials: [])
                    try Directories.make(directory + "/mnt")
                    let lower = pulled.lowerDirectories.joined(separator: ":")
                    let script = "mount -t overlay o -o ro,lowerdir=\(lower) mnt && cd mnt && find . | sort > ../list"
                    let child = try ChildProcess(
                        ChildProcess.Request(
                            executable: "/usr/bin/unshare", arguments: ["unshare", "-m", "/bin/sh", "-c", script],
                            environment: ["PATH=/usr/bin:/bin:/sbin"],
                            directory: directory))
                    #expect(try await child.exitStatus().isSuccess)
                    #expect(try SmallFile.text(directory + "/list") == ".\n./dir\n./dir/above\n./kept\n")
                }
            }
        }
    }

    @Test("a moved tag names the new image")
    func movedTag() async throws {
        let current = Mutex(Self.image(content: "old"))
        try await FakeRegistry.with(FakeRegistry.Script { request in honest(current.withLock { $0 })(request) }) { server async throws in
            try await withTemporaryFolder { directory async throws in
                try await withStore(in: directory) { store async throws in
                    let tag = "\(server.authority)/test/image:1"
                    let old = try await store.pull(tag, credentials: [])
                    current.withLock { $0 = Self.image(content: "new") }
                    let new = try await store.pull(tag, credentials: [])
                    #expect(old.id != new.id || old.lowerDirectories != new.lowerDirectories)
                    #expect(old.lowerDirectories[1] == new.lowerDirectories[1])
                    #expect(try await store.image(tag)?.lowerDirectories == new.lowerDirectories)
                    #expect(await store.images().filter { $0.names == [tag] }.count == 1)
                }
            }
        }
    }

    @Test("an index selects this machine's image")
    func indexSelectsPlatform() async throws {
        let image = Self.image()
        let other = TestImage(layers: [], architecture: "s390x")
        let index = TestImage.index([("linux/s390x", other.manifest), ("\(Platform.host)", image.manifest)])
        let foreign = TestImage.index([("linux/s390x", other.manifest), ("linux/riscv64", other.manifest)])
        try await FakeRegistry.with(FakeRegistry.Script(honest(image, tags: ["multi": index, "foreign": foreign]))) { server async throws in
            try await withTemporaryFolder { directory async throws in
                try await withStore(in: directory) { store async throws in
                    let pulled = try await store.pull("\(server.authority)/test/image:multi", credentials: [])
                    #expect(pulled.id == "\(image.config)")
                    #expect(pulled.repoDigests == ["\(server.authority)/test/image@\(ContentHasher.digest(of: index))"])
                    let failure = await #expect(throws: ImageFailure.self) {
                        try await store.pull("\(server.authority)/test/image:foreign", credentials: [])
                    }
                    #expect(failure?.code == .pullFailed && failure?.message.contains("linux/riscv64") == true)
                }
            }
        }
    }

    @Test("concurrent pulls share one download")
    func concurrentPullsShareOneDownload() async throws {
        let image = Self.image()
        try await FakeRegistry.with(FakeRegistry.Script(honest(image))) { server async throws in
            try await withTemporaryFolder { directory async throws in
                try await withStore(in: directory) { store async throws in
                    let name = "\(server.authority)/test/image:1"
                    let found = try await withThrowingTaskGroup(of: ImageDescription.self) { group in
                        for _ in 0..<20 { group.addTask { try await store.pull(name, credentials: []) } }
                        // Other tags of these layers share them.
                        group.addTask { try await store.pull("\(server.authority)/test/image@\(image.digest)", credentials: []) }
                        return try await group.reduce(into: Set<[String]>()) { $0.insert($1.lowerDirectories) }
                    }
                    #expect(found.count == 1)
                    for layer in image.layers { #expect(server.requests.filter { $0.path.contains("\(layer)") }.count == 1) }
                    #expect(try DirectoryListing.names(at: directory + "/layers").count == 2)
                }
            }
        }
    }

    @Test("a token is fetched with the credentials and used")
    func bearerToken() async throws {
        let image = Self.image()
        let address = Mutex("")
        try await FakeRegistry.with(
            FakeRegistry.Script { request in
                if request.path == "/token" {
                    guard request.headers.first(name: "Authorization") == "Basic dXNlcjpnb29k" else {
                        return FakeRegistry.Reply(status: .unauthorized)
                    }
                    #expect(request.query.contains("scope=repository%3Atest%2Fimage%3Apull") && request.query.contains("service=fake"))
                    return FakeRegistry.Reply(body: Array("{\"token\":\"abc\"}".utf8))
                }
                guard request.headers.first(name: "Authorization") == "Bearer abc" else {
                    let challenge = "Bearer realm=\"http://\(address.withLock { $0 })/token\",service=\"fake\",scope=\"repository:test/image:pull\""
                    return FakeRegistry.Reply(status: .unauthorized, headers: [("WWW-Authenticate", challenge)])
                }
                return honest(image)(request)
            }
        ) { server async throws in
            address.withLock { $0 = server.authority }
            try await withTemporaryFolder { directory async throws in
                try await withStore(in: directory) { store async throws in
                    let name = "\(server.authority)/test/image:1"
                    let denied = await #expect(throws: ImageFailure.self) { try await store.pull(name, credentials: []) }
                    #expect(denied?.code == .pullFailed && denied?.message.contains("pull access denied") == true)
                    let secrets = ["bad", "good"].map { RegistryCredential(registry: server.authority, username: "user", password: $0) }
                    let wrong = await #expect(throws: ImageFailure.self) { try await store.pull(name, credentials: [secrets[0]]) }
                    #expect(wrong?.message.contains("bad") == false)
                    _ = try await store.pull(name, credentials: secrets)
                    #expect(server.requests.filter { $0.path == "/token" }.count == 4)
                }
            }
        }
    }

    @Test("credentials do not follow a redirect to another server (CVE-2020-15157)")
    func credentialsStayAtHome() async throws {
        let image = Self.image()
        let credential = RegistryCredential(registry: "127.0.0.1:*", username: "user", password: "good")
        // Another host that blobs are redirected to, and that asks for credentials of its own.
        for asks in [false, true] {
            try await FakeRegistry.with(
                FakeRegistry.Script { request in
                    asks ? FakeRegistry.Reply(status: .unauthorized, headers: [("WWW-Authenticate", "Basic realm=\"x\"")]) : honest(image)(request)
                }
            ) { storage in
                let target = storage.authority.replacing("127.0.0.1", with: "localhost")
                try await FakeRegistry.with(
                    FakeRegistry.Script { request in
                        guard request.headers.first(name: "Authorization") == "Basic dXNlcjpnb29k" else {
                            return FakeRegistry.Reply(status: .unauthorized, headers: [("WWW-Authenticate", "Basic realm=\"x\"")])
                        }
                        if request.path.contains("/manifests/") { return honest(image)(request) }
                        return FakeRegistry.Reply(status: .temporaryRedirect, headers: [("Location", "http://\(target)\(request.path)")])
                    }
                ) { server async throws in
                    try await withTemporaryFolder { directory async throws in
                        try await withStore(in: directory) { store async throws in
                            let secret = RegistryCredential(registry: server.authority, username: credential.username, password: credential.password)
                            let outcome = await Result { try await store.pull("\(server.authority)/test/image:1", credentials: [secret]) }
                            #expect((try? outcome.get()) != nil || asks)
                            #expect(!storage.requests.isEmpty)
                            #expect(storage.requests.allSatisfy { $0.headers.first(name: "Authorization") == nil })
                        }
                    }
                }
            }
        }
    }

    @Test("mirrors are tried before the registry, without its credentials")
    func mirrors() async throws {
        let image = Self.image()
        try await FakeRegistry.with(FakeRegistry.Script { _ in FakeRegistry.Reply(status: .internalServerError) }) { broken in
            try await FakeRegistry.with(FakeRegistry.Script { request in request.path.hasPrefix("/v2/") ? .missing : honest(image)(request) }) {
                mirror in
                let registries = RegistryConfiguration(hosts: [
                    "registry.test": .init(endpoints: ["http://\(broken.authority)", "http://\(mirror.authority)/prefix"])
                ])
                try await withTemporaryFolder { directory async throws in
                    try await withStore(in: directory, registries: registries) { store async throws in
                        let secret = RegistryCredential(registry: "registry.test", username: "u", password: "p")
                        let pulled = try await store.pull("registry.test/test/image:1", credentials: [secret])
                        #expect(pulled.names == ["registry.test/test/image:1"])
                        #expect(!broken.requests.isEmpty)
                        #expect(
                            mirror.requests.allSatisfy {
                                $0.path.hasPrefix("/prefix/v2/test/image/") && $0.headers.first(name: "Authorization") == nil
                            })
                    }
                }
            }
        }
    }

    @Test("a cancelled caller hands the shared work to the next")
    func cancelledLeaderHandsOver() async throws {
        let work = SharedWork<String, Int>()
        let started = Mutex(false)
        let leader = Task {
            try await work.run("key") {
                started.withLock { $0 = true }
                try await Task.sleep(for: .seconds(60))
                return 1
            }
        }
        while !started.withLock({ $0 }) { await Task.yield() }
        async let second = work.run("key") { 2 }
        let third = Task { try await work.run("key") { 3 } }
        third.cancel()
        await #expect(throws: ImageStoreError.self) { try await third.value }
        leader.cancel()
        #expect(try await second == 2)
        await #expect(throws: ImageStoreError.self) { try await leader.value }
    }

    @Test("a failure of one caller's registry is not another caller's, any other failure is", arguments: [true, false])
    func failingLeader(_ isOfRegistry: Bool) async throws {
        let work = SharedWork<String, Int>(isOwn: \.isOfSource)
        let turnstile = Turnstile(permits: 0)
        let started = Mutex(false)
        let leader = Task {
            try await work.run("key") {
                started.withLock { $0 = true }
                await turnstile.pass()
                throw ImageStoreError(isOfRegistry ? .unauthorized : .digestMismatch, "fetch blob", "x", "as \"user\"")
            }
        }
        try await eventually("the leader works") { started.withLock { $0 } }
        let second = Task { try await work.run("key") { 2 } }
        try await eventually("the second caller waits") { work.waitingCount("key") == 1 }
        turnstile.permitOne()
        await #expect(throws: ImageStoreError.self) { try await leader.value }
        #expect((try? await second.value) == (isOfRegistry ? 2 : nil))
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
