import Glibc
import LinuxSystem
import PodCore
import Synchronization
import TestSupport
import Testing

@testable import ImageStore

/// OCI artifacts: manifests whose content is not layers of an image.
@Suite(.enabled(if: isRoot, "needs root"), .timeLimit(.minutes(1))) struct ArtifactTests {
    private struct Artifact {
        let manifest: [UInt8]
        var blobs: [ContentDigest: [UInt8]] = [:]

        init(_ files: [(name: String?, content: String)], annotation: String = "org.opencontainers.image.title") {
            var layers: [String] = []
            for (name, content) in files {
                let digest = ContentHasher.digest(of: Array(content.utf8))
                blobs[digest] = Array(content.utf8)
                let annotations = name.map { ",\"annotations\":{\"\(annotation)\":\"\($0)\"}" } ?? ""
                layers.append(
                    "{\"mediaType\":\"application/octet-stream\",\"digest\":\"\(digest)\",\"size\":\(content.utf8.count)\(annotations)}")
            }
            let empty = ContentHasher.digest(of: Array("{}".utf8))
            blobs[empty] = Array("{}".utf8)
            manifest = Array(
                """
                {"schemaVersion":2,"mediaType":"\(MediaType.ociManifest)","artifactType":"application/vnd.example.model",\
                "config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"\(empty)","size":2},"layers":[\(layers.joined(separator: ","))]}
                """.utf8)
        }

        func script(_ change: @escaping @Sendable (FakeRegistry.Request) -> FakeRegistry.Reply? = { _ in nil }) -> FakeRegistry.Script {
            let (manifest, blobs) = (manifest, blobs)
            return FakeRegistry.Script { request in
                if let reply = change(request) { return reply }
                let name = request.path.split(separator: "/").last.map(String.init) ?? ""
                if request.path.contains("/manifests/") {
                    return FakeRegistry.Reply(headers: [("Content-Type", MediaType.ociManifest)], body: manifest)
                }
                guard let digest = ContentDigest(name), let bytes = blobs[digest] else { return .missing }
                return FakeRegistry.Reply(body: bytes)
            }
        }
    }

    private static let model = Artifact([("weights.bin", "heavy"), (nil, "unnamed"), ("docs/en/README", "read me"), ("copy", "heavy")])

    @Test("the named files of an artifact are one folder, as they are, without unpacking; it is found again, verified and removed")
    func files() async throws {
        try await FakeRegistry.with(Self.model.script()) { server async throws in
            try await withTemporaryFolder { directory async throws in
                let reference = "\(server.authority)/test/model:1"
                let id = "\(ContentHasher.digest(of: Self.model.manifest))"
                try await withStore(in: directory) { store async throws in
                    let pulled = try await store.pull(reference, credentials: [])
                    #expect(pulled.isArtifact && pulled.id == id && pulled.config == ImageConfig())
                    #expect(pulled.repoDigests == ["\(server.authority)/test/model@\(id)"])
                    let folder = try #require(pulled.lowerDirectories.first)
                    #expect(pulled.lowerDirectories.count == 1)
                    #expect(try DirectoryListing.names(at: folder) == ["copy", "docs", "weights.bin"])
                    for (name, content) in [("weights.bin", "heavy"), ("copy", "heavy"), ("docs/en/README", "read me")] {
                        #expect(try SmallFile.text(folder + "/" + name) == content)
                        let status = try FileStatus(of: folder + "/" + name)
                        #expect(status.mode == 0o644 && status.uid == 0 && status.links == (content == "heavy" ? 2 : 1), "\(name)")
                    }
                    for name in ["", "/docs", "/docs/en"] { #expect(try FileStatus(of: folder + name).mode == 0o755) }
                    #expect(try DirectoryListing.names(at: directory + "/ingest").isEmpty)
                    #expect(server.requests.filter { $0.path.contains("/blobs/") }.count == 2, "content once, and nothing that has no name")
                }
                try await withStore(in: directory) { store async throws in
                    let found = try #require(try await store.image(reference))
                    #expect(found.isArtifact)
                    #expect(try await store.verify().map(\.problems) == [[]])
                    let failure = await #expect(throws: ImageFailure.self) {
                        try await store.exportImage(reference, to: directory + "/out", format: .oci)
                    }
                    #expect(failure?.message.contains("is an artifact") == true)
                    try AtomicFile.replace(found.lowerDirectories[0] + "/weights.bin", with: "other")
                    #expect(try await store.verify().map(\.problems.count) == [1])
                    _ = try await store.removeImage(id, unusedFor: .zero, keeping: [])
                    #expect(try DirectoryListing.names(at: directory + "/layers").isEmpty)
                    #expect(try DirectoryListing.names(at: directory + "/blobs/sha256").isEmpty)
                }
            }
        }
    }

    @Test("files are named by the annotation of the model specification too")
    func modelAnnotation() async throws {
        let artifact = Artifact([("model/a", "1"), ("model/b", "2")], annotation: "org.cnai.model.filepath")
        try await FakeRegistry.with(artifact.script()) { server async throws in
            try await withTemporaryFolder { directory async throws in
                try await withStore(in: directory) { store async throws in
                    let pulled = try await store.pull("\(server.authority)/test/model:1", credentials: [])
                    #expect(try DirectoryListing.names(at: pulled.lowerDirectories[0] + "/model") == ["a", "b"])
                }
            }
        }
    }

    @Test(
        "names that lead out of the volume or contradict each other are refused, and so is an artifact without named files",
        arguments: [
            (["../x"], "found the file name \"../x\""), (["a/../../x"], "found the file name"), ([""], "found the file name"),
            ([".", "a"], "found the file name"), (["a", "./a"], "found two files with the name \"a\""),
            (["a/b", "a"], "found \"a\" in an artifact as a file and as a folder"), (["a", "a/b/c"], "found \"a\" in an artifact"),
            ([String(repeating: "x", count: 256)], "found the file name"), ([], "without a named file"), ([nil, nil], "without a named file"),
        ] as [([String?], String)])
    func refusedNames(_ names: [String?], _ reason: String) throws {
        let manifest = Artifact(names.map { ($0, "x") }).manifest
        let error = #expect(throws: ImageStoreError.self) {
            try ManifestDocument(manifest, contentType: "", object: "test", limits: ImageLimits())
        }
        #expect(error?.detail.contains(reason) == true, "\(String(describing: error))")
    }

    @Test("absolute names are names below the folder")
    func absoluteNames() throws {
        let manifest = Artifact([("/etc/passwd", "x")]).manifest
        guard case .artifact(let files) = try ManifestDocument(manifest, contentType: "", object: "test", limits: ImageLimits()) else {
            Issue.record("no artifact")
            return
        }
        #expect(files.map(\.path.text) == ["etc/passwd"])
    }

    @Test("when a file fails, the next pull fetches that file alone")
    func failingFile() async throws {
        let failing = Atomic<Bool>(true)
        let last = "\(ContentHasher.digest(of: Array("read me".utf8)))"
        let script = Self.model.script { request in
            request.path.hasSuffix(last) && failing.load(ordering: .relaxed)
                ? FakeRegistry.Reply(body: Array("read me".utf8), cutAfter: 3) : nil
        }
        try await FakeRegistry.with(script) { server async throws in
            try await withTemporaryFolder { directory async throws in
                try await withStore(in: directory) { store async throws in
                    let reference = "\(server.authority)/test/model:1"
                    await #expect(throws: ImageFailure.self) { try await store.pull(reference, credentials: []) }
                    #expect(try DirectoryListing.names(at: directory + "/layers").isEmpty)
                    failing.store(false, ordering: .relaxed)
                    let before = server.requests.count
                    let pulled = try await store.pull(reference, credentials: [])
                    #expect(try SmallFile.text(pulled.lowerDirectories[0] + "/docs/en/README") == "read me")
                    let blobs = server.requests.dropFirst(before).filter { $0.path.contains("/blobs/") }
                    #expect(Set(blobs.map { $0.path.split(separator: "/").last.map(String.init) }) == [last])
                    #expect(try DirectoryListing.names(at: directory + "/ingest").isEmpty)
                }
            }
        }
    }

    @Test("content with another digest than its name's is not taken")
    func wrongContent() async throws {
        let script = Self.model.script { $0.path.contains("/blobs/") ? FakeRegistry.Reply(body: Array("other".utf8)) : nil }
        try await FakeRegistry.with(script) { server async throws in
            try await withTemporaryFolder { directory async throws in
                try await withStore(in: directory) { store async throws in
                    await #expect(throws: ImageFailure.self) { try await store.pull("\(server.authority)/test/model:1", credentials: []) }
                    #expect(await store.images().isEmpty)
                    #expect(try DirectoryListing.names(at: directory + "/layers").isEmpty)
                }
            }
        }
    }
}
