import PodCore
import TestSupport
import Testing

@testable import ImageStore

@Suite struct PlatformTests {
    private static func platform(_ text: String) -> Platform {
        let parts = text.split(separator: "/").map(String.init)
        return Platform(os: parts[0], architecture: parts[1], variant: parts.count > 2 ? parts[2] : "")
    }

    @Test(
        "a machine runs its own variant best, then the lower variants, then its 32-bit companion",
        arguments: [
            ("linux/amd64/v3", ["linux/amd64/v3", "linux/amd64/v2", "linux/amd64", "linux/386"]),
            ("linux/amd64", ["linux/amd64", "linux/386"]), ("linux/amd64/v1", ["linux/amd64/v1", "linux/386"]),
            ("linux/arm/v7", ["linux/arm", "linux/arm/v6", "linux/arm/v5"]), ("linux/arm/v5", ["linux/arm/v5"]),
            ("linux/arm64", ["linux/arm64/v8", "linux/arm/v8", "linux/arm/v7", "linux/arm/v6", "linux/arm/v5"]),
            (
                "linux/arm64/v8.2",
                [
                    "linux/arm64/v8.2", "linux/arm64/v8.1", "linux/arm64", "linux/arm/v8", "linux/arm/v7", "linux/arm/v6", "linux/arm/v5",
                ]
            ),
            (
                "linux/arm64/v9.1",
                ["linux/arm64/v9.1", "linux/arm64/v9"] + (1...6).reversed().map { "linux/arm64/v8.\($0)" } + ["linux/arm64", "linux/arm/v8"]
            ),
            ("linux/riscv64", ["linux/riscv64"]),
        ])
    func ranks(machine: String, images: [String]) {
        for (rank, image) in images.enumerated() {
            #expect(Self.platform(machine).rank(of: Self.platform(image)) == rank, "\(image)")
        }
    }

    @Test(
        "a machine does not run what is beyond it",
        arguments: [
            ("linux/amd64/v2", "linux/amd64/v3"), ("linux/amd64", "linux/amd64/v2"), ("linux/amd64", "windows/amd64"), ("linux/386", "linux/amd64"),
            ("linux/arm/v6", "linux/arm/v7"), ("linux/arm64", "linux/arm64/v8.1"), ("linux/arm64/v8.5", "linux/arm64/v9"),
            ("linux/arm64", "linux/amd64"), ("linux/amd64", "unknown/unknown"), ("linux/riscv64", "linux/amd64"),
        ])
    func beyond(machine: String, image: String) {
        #expect(Self.platform(machine).rank(of: Self.platform(image)) == nil)
    }

    @Test(
        "spellings of one platform are equal",
        arguments: [
            ("Linux/x86_64", "linux/amd64"), ("linux/amd64/v1", "linux/amd64"), ("linux/amd64/3", "linux/amd64/v3"),
            ("linux/amd64/generic", "linux/amd64"), ("linux/aarch64", "linux/arm64"), ("linux/arm64/v8", "linux/arm64"),
            ("linux/arm64/8", "linux/arm64"), ("linux/arm64/v9.0", "linux/arm64/v9"), ("linux/armhf", "linux/arm/v7"),
            ("linux/armel", "linux/arm/v6"), ("linux/arm", "linux/arm/7"), ("linux/i386", "linux/386"),
        ])
    func spellings(one: String, other: String) {
        #expect(Self.platform(one) == Self.platform(other))
    }

    @Test("the level of an x86-64 processor follows from its features")
    func levels() {
        let second = "cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3"
        let third = second + " avx avx2 bmi1 bmi2 f16c fma abm movbe xsave"
        let fourth = third + " avx512f avx512bw avx512cd avx512dq avx512vl"
        func level(_ flags: String...) -> String {
            ProcessorLevel.variant(
                cpuinfo: flags.enumerated().map { "processor\t: \($0.offset)\nflags\t\t: fpu \($0.element) ht\nbugs\t\t: none\n" }.joined(
                    separator: "\n"))
        }
        #expect(level("") == "" && level(second) == "v2" && level(third) == "v3" && level(fourth) == "v4")
        // One feature is missing; the levels above it do not count.
        #expect(level(third.replacing("movbe", with: "")) == "v2" && level(fourth.replacing(" ssse3", with: "")) == "")
        // All processors must have it.
        #expect(level(fourth, second) == "v2")
        #expect(ProcessorLevel.variant(cpuinfo: "Features : fp asimd\n") == "")
        #expect(Platform.host.rank(of: Platform.host) == 0)
    }

    private static func entries(_ list: String) throws -> [Descriptor] {
        let text = "{\"schemaVersion\":2,\"manifests\":[\(list)]}"
        guard case .index(let entries) = try ManifestDocument(Array(text.utf8), contentType: "", object: "t", limits: ImageLimits()) else {
            return []
        }
        return entries
    }

    /// - Parameter digit: makes the digest.
    private static func entry(_ digit: Character, _ platform: String?, type: String? = MediaType.ociManifest, more: String = "") -> String {
        let fields = platform.map { text in
            let parts = text.split(separator: "/")
            let variant = parts.count > 2 ? ",\"variant\":\"\(parts[2])\"" : ""
            return ",\"platform\":{\"os\":\"\(parts[0])\",\"architecture\":\"\(parts[1])\"\(variant)}"
        }
        let digest = "sha256:" + String(repeating: digit, count: 64)
        return "{\(type.map { "\"mediaType\":\"\($0)\"," } ?? "")\"digest\":\"\(digest)\",\"size\":7\(fields ?? "")\(more)}"
    }

    @Test("the best entry is taken whatever the order of the index")
    func anyOrder() throws {
        let list = [
            Self.entry("a", "linux/amd64"), Self.entry("b", "linux/amd64/v4"), Self.entry("c", "linux/amd64/v2"), Self.entry("d", "linux/386"),
            Self.entry("e", "windows/amd64/v3"), Self.entry("f", "unknown/unknown"), Self.entry("0", "linux/arm64"), Self.entry("1", nil),
        ]
        var random = SeededGenerator(seed: 5)
        for _ in 0..<50 {
            let entries = try Self.entries(list.shuffled(using: &random).joined(separator: ","))
            let expected: [(String, Character)] = [
                ("linux/amd64/v4", "b"), ("linux/amd64/v3", "c"), ("linux/amd64/v2", "c"), ("linux/amd64", "a"), ("linux/386", "d"),
                ("linux/arm64/v8.4", "0"),
            ]
            for (machine, digit) in expected {
                let found = PlatformChoice(entries, for: Self.platform(machine)).images.first
                #expect(found?.digest.hex.first == digit, "\(machine)")
            }
        }
    }

    @Test("entries that this program does not know do not spoil the index")
    func oddEntries() throws {
        let list = [
            "{\"mediaType\":\"application/x\",\"digest\":\"sha512:00\",\"size\":1}", "{\"digest\":7}", "3",
            Self.entry("a", "linux/amd64", type: "application/vnd.oci.artifact.manifest.v1+json"),
            Self.entry("b", nil, more: ",\"annotations\":{\"vnd.docker.reference.type\":\"attestation-manifest\"}"),
            Self.entry("c", "linux/amd64", type: "Application/VND.oci.image.manifest.v1+JSON; charset=utf-8"),
            Self.entry("d", "linux/arm64", type: nil),
        ]
        let entries = try Self.entries(list.joined(separator: ","))
        #expect(entries.map { $0.digest.hex.first } == ["a", "b", "c", "d"])
        #expect(PlatformChoice(entries, for: Self.platform("linux/amd64")).images.first?.digest.hex.first == "c")
        #expect(PlatformChoice(entries, for: Self.platform("linux/arm64")).images.first?.digest.hex.first == "d")
        #expect(PlatformChoice(entries, for: Self.platform("linux/s390x")).images.isEmpty)
        let nothing = PlatformChoice.failure(entries, for: Self.platform("linux/s390x"), object: "t")
        #expect(nothing.detail == "found images for linux/amd64, linux/amd64, linux/arm64, wanted one for linux/s390x")
        #expect(throws: ImageStoreError.self) { try Self.entries("{\"digest\":7}") }
    }

    @Test("an image's own configuration is held against the machine, with its variant")
    func configurations() throws {
        let machine = Self.platform("linux/amd64/v2")
        func read(_ fields: String) throws {
            let text = "{\(fields)\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}"
            _ = try ImageConfigurationDocument(Array(text.utf8), layers: 0, platform: machine, object: "t")
        }
        for fields in [
            #""os":"linux","architecture":"amd64","#, #""os":"linux","architecture":"amd64","variant":"v2","#, #""os":"linux","architecture":"386","#,
            #""os":"linux","architecture":"","#, "",
        ] { try read(fields) }
        for fields in [#""os":"linux","architecture":"amd64","variant":"v3","#, #""os":"windows","architecture":"amd64","#] {
            let error = try #require(throws: ImageStoreError.self) { try read(fields) }
            #expect(error.code == .unsupported && error.detail.hasSuffix("wanted one for linux/amd64/v2"))
        }
    }
}

extension PullTests {
    /// Serves an index as tag `1` with whatever documents and blobs.
    private static func serve(_ top: [UInt8], _ documents: [[UInt8]], _ images: [TestImage]) -> FakeRegistry.Script {
        FakeRegistry.Script { request in
            let name = request.path.split(separator: "/").last.map(String.init) ?? ""
            let blobs = images.reduce(into: [:]) { $0.merge($1.blobs) { old, _ in old } }
            if let digest = ContentDigest(name), let bytes = blobs[digest] { return FakeRegistry.Reply(body: bytes) }
            let found = name == "1" ? top : (documents + images.map(\.manifest)).first { "\(ContentHasher.digest(of: $0))" == name }
            guard let found else { return .missing }
            let isIndex = String(decoding: found, as: UTF8.self).contains("\"manifests\"")
            return FakeRegistry.Reply(headers: [("Content-Type", isIndex ? MediaType.ociIndex : MediaType.ociManifest)], body: found)
        }
    }

    private static func outer(_ inner: [(document: [UInt8], platform: String, type: String)]) -> [UInt8] {
        let list = inner.map {
            "{\"mediaType\":\"\($0.type)\",\"digest\":\"\(ContentHasher.digest(of: $0.document))\",\"size\":\($0.document.count)\($0.platform)}"
        }
        return Array("{\"schemaVersion\":2,\"manifests\":[\(list.joined(separator: ","))]}".utf8)
    }

    private func pulled(_ script: FakeRegistry.Script) async throws -> Result<ImageDescription, ImageFailure> {
        try await FakeRegistry.with(script) { server async throws in
            try await withTemporaryFolder { directory async throws in
                try await withStore(in: directory) { store async -> Result<ImageDescription, ImageFailure> in
                    do throws(ImageFailure) {
                        return .success(try await store.pull("\(server.authority)/test/image:1", credentials: []))
                    } catch {
                        return .failure(error)
                    }
                }
            }
        }
    }

    @Test("the image is found in indexes of indexes, beside plain entries and attestations")
    func nestedIndexes() async throws {
        let host = Platform.host
        let image = Self.image(content: "best")
        let plain = Self.image(content: "32 bit")
        let lesser = host.architecture == "arm64" ? "linux/arm/v7" : "linux/386"
        let inner = TestImage.index([("linux/s390x", [1]), ("\(host)", image.manifest)])
        let middle = Self.outer([
            (inner, "", MediaType.ociIndex), ([2], ",\"platform\":{\"os\":\"unknown\",\"architecture\":\"unknown\"}", MediaType.ociManifest),
        ])
        let foreign = ",\"platform\":{\"os\":\"linux\",\"architecture\":\"s390x\"}"
        let parts = lesser.split(separator: "/")
        let other = ",\"platform\":{\"os\":\"linux\",\"architecture\":\"\(parts[1])\",\"variant\":\"\(parts.count > 2 ? parts[2] : "")\"}"
        let top = Self.outer([
            (plain.manifest, other, MediaType.ociManifest), ([9], foreign, MediaType.ociIndex), (middle, "", MediaType.dockerList),
        ])
        let found = try await pulled(Self.serve(top, [inner, middle], [image, plain])).get()
        #expect(found.id == "\(image.config)" && found.lowerDirectories.count == 2)
        #expect(found.repoDigests.first?.hasSuffix("@\(ContentHasher.digest(of: top))") == true)

        let deeper = Self.outer([(top, "", MediaType.ociIndex)])
        let tooDeep = try await pulled(Self.serve(Self.outer([(deeper, "", MediaType.ociIndex)]), [inner, middle, top, deeper], [image, plain]))
        #expect(throws: ImageFailure.self) { try tooDeep.get() }
    }

    @Test("entries without a platform are told apart by their configurations")
    func entriesWithoutPlatform() async throws {
        let image = Self.image()
        let foreign = TestImage(layers: [], architecture: "s390x")
        for order in [[foreign, image], [image, foreign], [image]] {
            let top = Self.outer(order.map { ($0.manifest, "", MediaType.ociManifest) })
            #expect(try await pulled(Self.serve(top, [], order)).get().id == "\(image.config)")
        }
        let none = try await pulled(Self.serve(Self.outer([foreign, foreign].map { ($0.manifest, "", MediaType.ociManifest) }), [], [foreign]))
        let failure = #expect(throws: ImageFailure.self) { try none.get() }
        #expect(failure?.message.contains("wanted one for \(Platform.host)") == true)
    }
}
