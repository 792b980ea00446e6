import AsyncHTTPClient
import Glibc
import LinuxSystem
import NIOCore
import NIOHTTP1
import NIOSSL
import PodCore
import TestSupport
import Testing

@testable import ImageStore

/// Against Debian's docker-registry on loopback, with images as skopeo and umoci make them.
@Suite(.enabled(if: isRoot && access("/usr/bin/docker-registry", X_OK) == 0, "needs root and docker-registry"))
struct RealRegistryTests {
    /// Runs `body` with the address of a registry that is gone afterwards.
    /// - Parameter tls: with a certificate of its own making, at `<directory>/tls.crt`.
    private func withRegistry(tls: Bool = false, _ body: (String, String) async throws -> Void) async throws {
        try await withTemporaryFolder { directory async throws in
            // The kernel gives the ports from 32768 on to the connections of other tests.
            let address = "127.0.0.1:\(Int.random(in: 20_000..<32_000))"
            let configuration = """
                version: 0.1
                log: {level: error}
                storage: {filesystem: {rootdirectory: \(directory)/registry}}
                http: {addr: "\(address)"\(tls ? ", tls: {certificate: \(directory)/tls.crt, key: \(directory)/tls.key}" : "")}
                """
            if tls {
                try await run(
                    "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=registry",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", directory + "/tls.key", "-out", directory + "/tls.crt")
            }
            try AtomicFile.replace(directory + "/config.yml", with: configuration)
            let server = try ChildProcess(
                ChildProcess.Request(
                    executable: "/usr/bin/docker-registry", arguments: ["docker-registry", "serve", directory + "/config.yml"],
                    environment: ["PATH=/usr/bin", "HOME=\(directory)"]))
            let outcome: Result<Void, any Error>
            do {
                try await answered("\(tls ? "https" : "http")://\(address)/v2/")
                outcome = .success(try await body(address, directory))
            } catch {
                outcome = .failure(error)
            }
            try server.signal(SIGKILL)
            _ = try await server.exitStatus()
            try outcome.get()
        }
    }

    private func answered(_ url: String) async throws {
        try await eventually("an answer of the registry", within: .seconds(60)) {
            var request = HTTPClientRequest(url: url)
            request.tlsConfiguration = Self.anyCertificate
            let answer = try? await HTTPClient.shared.execute(request, timeout: .seconds(2))
            return answer?.status == .ok
        }
    }

    private static var anyCertificate: TLSConfiguration {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.certificateVerification = .none
        return tls
    }

    private func run(_ arguments: String...) async throws {
        let path = "/usr/bin/" + arguments[0]
        let child = try ChildProcess(
            ChildProcess.Request(executable: path, arguments: arguments, environment: ["PATH=/usr/bin:/bin", "HOME=/nonexistent", "TMPDIR=/tmp"]))
        try #require(try await child.exitStatus(timeout: .seconds(60)).isSuccess, "\(arguments)")
    }

    private func send(_ method: HTTPMethod, _ url: String, type: String, _ body: [UInt8]) async throws -> HTTPClientResponse {
        var request = HTTPClientRequest(url: url)
        request.method = method
        request.headers.add(name: "Content-Type", value: type)
        request.body = .bytes(ByteBuffer(bytes: body))
        return try await HTTPClient.shared.execute(request, timeout: .seconds(60))
    }

    private func push(_ image: TestImage, to address: String, tag: String) async throws {
        for (digest, bytes) in image.blobs {
            let started = try await send(.POST, "http://\(address)/v2/hand/made/blobs/uploads/", type: "application/octet-stream", [])
            let location = try #require(started.headers.first(name: "Location"))
            let url = location + (location.contains("?") ? "&" : "?") + "digest=\(digest)"
            #expect(try await send(.PUT, url, type: "application/octet-stream", bytes).status == .created)
        }
        #expect(
            try await send(.PUT, "http://\(address)/v2/hand/made/manifests/\(tag)", type: MediaType.ociManifest, image.manifest).status == .created)
    }

    @Test("a hand-made image is pulled from a real registry")
    func handMade() async throws {
        var tar = TarArchive()
        tar.directory("bin/")
        tar.add(.init(name: Array("bin/busybox".utf8), mode: 0o755, content: try SmallFile.bytes("/bin/busybox", limit: 8 << 20)))
        tar.symlink("bin/sh", to: "busybox")
        let plain = tar.finished
        try await withRegistry { address, directory in
            let gzip = try await TestImage.compress(plain, with: "/usr/bin/gzip", in: directory)
            let image = TestImage(layers: [plain], compressed: [gzip])
            try await push(image, to: address, tag: "1")
            let index = TestImage.index([("linux/s390x", image.manifest), ("\(Platform.host)", image.manifest)])
            #expect(try await send(.PUT, "http://\(address)/v2/hand/made/manifests/multi", type: MediaType.ociIndex, index).status == .created)

            let program = builtProgram("swiftlet")
            let pool = BlockingPool(name: "test", threads: 2, queueLimit: 64)
            let unpacker: (any LayerUnpacker)? = access(program, X_OK) == 0 ? ConfinedUnpacker(executable: program, pool: pool) : nil
            try await withStore(in: directory + "/store", unpacker: unpacker) { store async throws in
                for reference in [":1", "@\(image.digest)", ":multi", ":1@\(image.digest)"] {
                    let pulled = try await store.pull("\(address)/hand/made\(reference)", credentials: [])
                    #expect(pulled.id == "\(image.config)")
                    #expect(try FileStatus(of: pulled.lowerDirectories[0] + "/bin/busybox").mode == 0o755)
                }
                #expect(await store.images().count == 1)
                let name = "\(address)/hand/made:2"
                let failure = await #expect(throws: ImageFailure.self) { try await store.pull(name, credentials: []) }
                #expect(failure?.message.hasSuffix("\(name): not found") == true)
                let other = await #expect(throws: ImageFailure.self) { try await store.pull("\(address)/no/such:2", credentials: []) }
                #expect(other?.message.hasSuffix("\(address)/no/such:2: not found") == true)
            }
            try await withStore(in: directory + "/store") { store async throws in
                #expect(try await store.image("\(address)/hand/made:1")?.config.cmd == ["sh"])
            }
        }
    }

    @Test("a registry's certificate is checked against the configured authority")
    func certificateAuthorities() async throws {
        try await withRegistry(tls: true) { address, directory in
            let name = "\(address)/no/such:1"
            let endpoint = ["https://\(address)"]
            let cases: [(RegistryConfiguration.Host, String)] = [
                (.init(endpoints: endpoint), "certificate"),
                (.init(endpoints: endpoint, caFile: directory + "/tls.crt"), "not found"),
                (.init(endpoints: endpoint, insecure: true), "not found"),
            ]
            for (number, (host, expected)) in cases.enumerated() {
                // Under another name, so that the endpoint is all there is.
                let registries = RegistryConfiguration(hosts: ["registry.invalid": host])
                try await withStore(in: "\(directory)/\(number)", registries: registries) { store async throws in
                    let session = RegistrySession(
                        transport: store.transport, endpoint: try RegistryEndpoint.all(of: "registry.invalid", in: registries)[0], path: "no/such",
                        credentials: [])
                    let error = await #expect(throws: ImageStoreError.self, "\(name)") {
                        try await session.manifest("1", digest: nil, limits: ImageLimits())
                    }
                    #expect("\(String(describing: error))".lowercased().contains(expected), "\(number)")
                    #expect(error?.code == (expected == "not found" ? .notFound : .unreachable), "\(number)")
                }
            }
        }
    }

    @Test(
        "images of umoci and skopeo are pulled and unpacked",
        .enabled(if: access("/usr/bin/umoci", X_OK) == 0 && access("/usr/bin/skopeo", X_OK) == 0, "needs umoci and skopeo"))
    func umociAndSkopeo() async throws {
        try await withRegistry { address, directory in
            let layout = directory + "/oci"
            try await run("umoci", "init", "--layout", layout)
            try await run("umoci", "new", "--image", layout + ":1")
            for (number, text) in ["one", "two"].enumerated() {
                try Directories.make("\(directory)/\(number)")
                try AtomicFile.replace("\(directory)/\(number)/file", with: text, mode: 0o644)
                try AtomicFile.replace("\(directory)/\(number)/only\(number)", with: text, mode: 0o640)
                try await run("umoci", "insert", "--image", layout + ":1", "\(directory)/\(number)", "/data")
            }
            try await run("umoci", "config", "--image", layout + ":1", "--config.user", "5:6", "--config.entrypoint", "/data/file")
            for (tag, format) in [("oci", "oci"), ("docker", "v2s2")] {
                try await run(
                    "skopeo", "copy", "-q", "--insecure-policy", "--dest-tls-verify=false", "--format", format, "oci:\(layout):1",
                    "docker://\(address)/made/\(tag):1")
            }
            try await withStore(in: directory + "/store") { store async throws in
                for tag in ["oci", "docker"] {
                    let pulled = try await store.pull("\(address)/made/\(tag):1", credentials: [])
                    #expect(pulled.config.user == "5:6")
                    #expect(pulled.config.entrypoint == ["/data/file"])
                    #expect(pulled.lowerDirectories.count == 2)
                    #expect(try SmallFile.text(pulled.lowerDirectories[0] + "/data/file") == "two")
                    #expect(try FileStatus(of: pulled.lowerDirectories[1] + "/data/only0").mode == 0o640)
                    #expect(try await store.user(pulled.config.user, in: pulled) == ImageUser(uid: 5, gid: 6))
                }
                // Both forms have equal layers, so they share them.
                #expect(try DirectoryListing.names(at: directory + "/store/layers").count == 2)
            }
        }
    }
}
