import CLinux
import Glibc
import LinuxSystem
import PodCore
import TestSupport
import Testing
import Timing

@testable import ImageStore

/// Images from archives and into archives.
@Suite(.enabled(if: isRoot, "needs root")) struct ArchiveTests {
    private static func image(_ content: String = "hello") -> TestImage {
        var base = TarArchive()
        base.directory("etc/")
        base.file("etc/gone", "old")
        base.file("etc/kept", "kept", mode: 0o4755, uid: 7, gid: 8)
        base.directory("replaced/")
        base.file("replaced/below", "hidden")
        base.hardlink("linked", to: "etc/kept")
        base.symlink("link", to: "etc/kept")
        var top = TarArchive()
        top.directory("etc/")
        top.file("etc/.wh.gone", "")
        top.directory("replaced/")
        top.file("replaced/.wh..wh..opq", "")
        top.file("content", content)
        top.pax([("SCHILY.xattr.user.note", Array("value".utf8))])
        top.file("attributed", "x")
        return TestImage(layers: [base.finished, top.finished])
    }

    /// As `docker save` writes it.
    static func docker(_ image: TestImage, tags: [String], layerNames: [String]? = nil) -> [UInt8] {
        docker([(image, tags, layerNames ?? image.layers.map { "\($0.hex)/layer.tar" })])
    }

    /// - Parameter images: without tags, an image is written as one that was saved by its ID.
    private static func docker(_ images: [(image: TestImage, tags: [String], layerNames: [String])]) -> [UInt8] {
        var archive = TarArchive()
        let list = { (words: [String]) in "[\(words.map { "\"\($0)\"" }.joined(separator: ","))]" }
        var entries: [String] = []
        for (image, tags, names) in images {
            for (name, layer) in zip(names, image.layers) { archive.add(.init(name: Array(name.utf8), content: image.blobs[layer] ?? [])) }
            archive.add(.init(name: Array("\(image.config.hex).json".utf8), content: image.blobs[image.config] ?? []))
            entries.append(
                "{\"Config\":\"\(image.config.hex).json\",\"RepoTags\":\(tags.isEmpty ? "null" : list(tags)),\"Layers\":\(list(names))}")
        }
        archive.file("manifest.json", "[\(entries.joined(separator: ","))]")
        return archive.finished
    }

    /// An OCI layout in a folder.
    static func layout(_ image: TestImage, in folder: String, annotations: String) throws {
        try Directories.make(folder + "/blobs/sha256")
        for (digest, bytes) in image.blobs { try AtomicFile.replace("\(folder)/blobs/sha256/\(digest.hex)", with: bytes) }
        try AtomicFile.replace("\(folder)/blobs/sha256/\(image.digest.hex)", with: image.manifest)
        try AtomicFile.replace(folder + "/oci-layout", with: "{\"imageLayoutVersion\":\"1.0.0\"}")
        try AtomicFile.replace(
            folder + "/index.json",
            with: """
                {"schemaVersion":2,"manifests":[{"mediaType":"\(MediaType.ociManifest)","digest":"\(image.digest)","size":\(image.manifest.count),\
                "annotations":{\(annotations)}}]}
                """)
    }

    @Test("an archive of docker save is imported, plain and compressed")
    func dockerArchive() async throws {
        let image = Self.image()
        try await withTemporaryFolder { directory async throws in
            let file = directory + "/image.tar"
            try AtomicFile.replace(file, with: Self.docker(image, tags: ["test/image:1", "registry.test/other:2"]))
            let packed = try await TestImage.compress(SmallFile.bytes(file), with: "/usr/bin/gzip", in: directory)
            try AtomicFile.replace(directory + "/image.tar.gz", with: packed)
            for archive in ["image.tar", "image.tar.gz"] {
                let store = "\(directory)/store-\(archive)"
                try await withStore(in: store) { store async throws in
                    let found = try await store.importImages(from: "\(directory)/\(archive)", pins: true)
                    #expect(found.map(\.id) == ["\(image.config)"])
                    #expect(found[0].names == ["docker.io/test/image:1", "registry.test/other:2"])
                    #expect(try await store.image("test/image:1")?.id == "\(image.config)")
                    #expect(await store.storedImages().first?.isPinned == true)
                    #expect(try SmallFile.text(found[0].lowerDirectories[0] + "/content") == "hello")
                    #expect(try await store.verify().map(\.problems) == [[]])
                }
                #expect(try DirectoryListing.names(at: store + "/ingest").isEmpty)
            }
        }
    }

    @Test("an OCI layout is imported with its digest, as a folder and as a tar file")
    func ociLayout() async throws {
        let image = Self.image()
        try await withTemporaryFolder { directory async throws in
            try Self.layout(image, in: directory + "/layout", annotations: "\"org.opencontainers.image.ref.name\":\"registry.test/image:1\"")
            try await withStore(in: directory + "/store") { store async throws in
                let found = try await store.importImages(from: directory + "/layout", pins: false)
                #expect(found.map(\.repoDigests) == [["registry.test/image@\(image.digest)"]])
                #expect(try await store.image("registry.test/image:1")?.id == "\(image.config)")
                #expect(await store.storedImages().first?.isPinned == false)
            }
        }
    }

    @Test("an image without a name is imported by its ID, and a name can be given")
    func names() async throws {
        let image = Self.image()
        try await withTemporaryFolder { directory async throws in
            // The tag alone, as some programs write it.
            try Self.layout(image, in: directory + "/layout", annotations: "\"org.opencontainers.image.ref.name\":\"latest\"")
            try await withStore(in: directory + "/store") { store async throws in
                let nameless = try await store.importImages(from: directory + "/layout", pins: true)
                #expect(nameless.map(\.names) == [[]] && nameless.map(\.repoDigests) == [[]])
                #expect(try await store.image("\(image.config)") != nil)
                #expect(await store.storedImages().map(\.isPinned) == [true])
                let found = try await store.importImages(from: directory + "/layout", name: "registry.test/given", pins: true)
                #expect(found.map(\.names) == [["registry.test/given:latest"]])
            }
        }
    }

    @Test("an image that was saved by its ID keeps no other image from being imported")
    func savedByID() async throws {
        let images = [Self.image("one"), Self.image("two")]
        try await withTemporaryFolder { directory async throws in
            let archive = Self.docker(
                images.enumerated().map { number, image in
                    (image, number == 0 ? [] : ["test/two:1"], image.layers.map { "\($0.hex)/layer.tar" })
                })
            try AtomicFile.replace(directory + "/image.tar", with: archive)
            try await withStore(in: directory + "/store") { store async throws in
                let found = try await store.importImages(from: directory + "/image.tar", pins: true)
                #expect(found.map(\.id) == images.map { "\($0.config)" })
                #expect(found.map(\.names) == [[], ["docker.io/test/two:1"]])
            }
        }
    }

    @Test("archives that are damaged or lead out of their folder are refused and leave nothing")
    func badArchives() async throws {
        let image = Self.image()
        let evil = "../victim"
        func archive(_ build: (inout TarArchive) -> Void) -> [UInt8] {
            var tar = TarArchive()
            build(&tar)
            return tar.finished
        }
        let manifest = { (config: String, layer: String) in "[{\"Config\":\"\(config)\",\"RepoTags\":[\"a:1\"],\"Layers\":[\"\(layer)\"]}]" }
        let cases: [(String, [UInt8])] = [
            ("no archive", Array("nothing of the kind".utf8)), ("an empty tar", archive { $0.file("other") }),
            ("no JSON", archive { $0.file("manifest.json", "[{") }),
            ("a configuration outside", archive { $0.file("manifest.json", manifest(evil, "l")) }),
            (
                "a symlink outside",
                archive {
                    $0.symlink("config", to: "../../victim")
                    $0.file("manifest.json", manifest("config", "l"))
                }
            ),
            ("a name outside", archive { $0.file(evil, "evil") }),
            ("a layer with another digest", Self.docker(image, tags: ["a:1"], layerNames: ["one", "one"])),
            ("a name that is none", Self.docker(image, tags: ["UPPER:1"])),
            ("half of an archive", Array(Self.docker(image, tags: ["a:1"]).prefix(3000))),
        ]
        try await withTemporaryFolder { directory async throws in
            try AtomicFile.replace(directory + "/victim", with: "untouched")
            try await withStore(in: directory + "/store") { store async throws in
                for (what, bytes) in cases {
                    try AtomicFile.replace(directory + "/bad.tar", with: bytes)
                    let failure = await #expect(throws: ImageFailure.self, "\(what)") {
                        try await store.importImages(from: directory + "/bad.tar", pins: true)
                    }
                    #expect(failure?.message.hasPrefix("cannot import \(directory)/bad.tar: ") == true, "\(what)")
                    #expect(await store.images().isEmpty, "\(what)")
                    #expect(try DirectoryListing.names(at: directory + "/store/ingest").isEmpty, "\(what)")
                }
                _ = try await store.removeLeftovers(olderThan: .zero, keeping: [])
                #expect(try DirectoryListing.names(at: directory + "/store/layers").isEmpty)
            }
            #expect(try SmallFile.text(directory + "/victim") == "untouched")
        }
    }

    @Test("an exported image has the same files when it is imported again", arguments: ArchiveFormat.allCases)
    func roundTrip(_ format: ArchiveFormat) async throws {
        let image = Self.image()
        try await withTemporaryFolder { directory async throws in
            try AtomicFile.replace(directory + "/in.tar", with: Self.docker(image, tags: ["test/image:1"]))
            let out = directory + "/out.tar"
            var before: ImageDescription?
            try await withStore(in: directory + "/one") { store async throws in
                before = try await store.importImages(from: directory + "/in.tar", pins: false).first
                try await store.exportImage("test/image:1", to: out, format: format)
                let failure = await #expect(throws: ImageFailure.self) { try await store.exportImage("test/image:1", to: out, format: format) }
                #expect(failure?.message.contains(out) == true, "a file that is there stays")
                #expect(try DirectoryListing.names(at: directory + "/one/ingest").isEmpty)
            }
            try await withStore(in: directory + "/two") { store async throws in
                let after = try #require(try await store.importImages(from: out, pins: false).first)
                #expect(after.names == ["docker.io/test/image:1"])
                #expect(after.config == before?.config)
                #expect(after.repoDigests.isEmpty == (format == .docker))
                // Names, owners, modes, sizes, times, whiteouts and links of every layer.
                #expect(try after.lowerDirectories.map(LayerSeal.of) == before?.lowerDirectories.map(LayerSeal.of))
                #expect(try SmallFile.text(after.lowerDirectories[0] + "/content") == "hello")
                #expect(try FileStatus(of: after.lowerDirectories[1] + "/linked").links == 2)
                let (one, two) = (try #require(before?.lowerDirectories[0]), after.lowerDirectories[0])
                #expect(try Self.attribute("trusted.overlay.opaque", one + "/replaced") == "y")
                #expect(try Self.attribute("trusted.overlay.opaque", two + "/replaced") == "y")
                #expect(try Self.attribute("user.note", one + "/attributed") == Self.attribute("user.note", two + "/attributed"))
            }
        }
    }

    private static func attribute(_ name: String, _ path: String) throws -> String? {
        var value = [UInt8](repeating: 0, count: 64)
        let count = try OwnedFileDescriptor.open(path, O_RDONLY).withRawValue { swl_fgetxattr($0, name, &value, value.count) }
        return count < 0 ? nil : String(decoding: value.prefix(count), as: UTF8.self)
    }

    @Test("archives that are put into the watched folder are imported and pinned, once")
    func watchedFolder() async throws {
        try await withTemporaryFolder { directory async throws in
            let folder = directory + "/images.d"
            let failures = Journal<String>()
            try await withStore(in: directory + "/store") { store async throws in
                let imports = ImportFolder(folder, store: store, time: SystemTime(), logger: .silent) { failures.note($0) }
                try await whileRunning({ await imports.run() }) {
                    // The folder comes later.
                    try Directories.make(folder)
                    try AtomicFile.replace(folder + "/bad.tar", with: "no archive")
                    try AtomicFile.replace(folder + "/good.tar", with: Self.docker(Self.image(), tags: ["test/good:1"]))
                    try await eventually("the import") { try await store.image("test/good:1") != nil }
                    await failures.wait(count: 1)
                    try Self.layout(
                        Self.image("other"), in: directory + "/layout", annotations: "\"io.containerd.image.name\":\"docker.io/test/layout:1\"")
                    try systemCall("rename") { rename(directory + "/layout", folder + "/layout") }
                    try await eventually("the second import") { try await store.image("test/layout:1") != nil }
                    try await eventually("both are remembered") { store.index.current.imports.count == 2 }
                }
                #expect(failures.entries.count == 1 && failures.entries[0].contains("bad.tar"))
                #expect(await store.storedImages().map(\.isPinned) == [true, true])
            }
            // After a restart nothing is read again: the archive is damaged and its stamp is as before.
            let before = try FileStatus(of: folder + "/good.tar").modified
            let handle = try OwnedFileDescriptor.open(folder + "/good.tar", O_WRONLY)
            try handle.writeAll("damaged")
            let times = [timespec](repeating: timespec(tv_sec: Int(before / 1_000_000_000), tv_nsec: Int(before % 1_000_000_000)), count: 2)
            try systemCall("futimens") { handle.withRawValue { futimens($0, times) } }
            handle.close()
            try await withStore(in: directory + "/store") { store async throws in
                let imports = ImportFolder(folder, store: store, time: SystemTime(), logger: .silent) { failures.note($0) }
                try await whileRunning({ await imports.run() }) { await failures.wait(count: 2) }
                #expect(failures.entries.allSatisfy { $0.contains("bad.tar") })
                #expect(await store.storedImages().count == 2)
            }
        }
    }

    /// Fails once as on a full disk.
    private final class FullOnce: LayerUnpacker {
        private let next: any LayerUnpacker
        private let tries = Counter()

        init(_ next: any LayerUnpacker) { self.next = next }

        func unpack(_ blob: BlobFile, into directory: String, limits: ImageLimits) async throws -> LayerReport {
            if tries.next() == 0 { throw ImageStoreError(.noRoom, "unpack", "layer", "found 0 bytes free") }
            return try await next.unpack(blob, into: directory, limits: limits)
        }
    }

    @Test("an archive that found the disk full is tried again, a bad one is not", .timeLimit(.minutes(1)))
    func fullDisk() async throws {
        let time = ManualTime()
        let failures = Journal<String>()
        try await withTemporaryFolder { directory async throws in
            let folder = directory + "/images.d"
            try Directories.make(folder)
            try AtomicFile.replace(folder + "/full.tar", with: Self.docker(Self.image(), tags: ["test/full:1"]))
            let unpacker = FullOnce(DirectUnpacker(pool: BlockingPool(name: "unpack", threads: 1, queueLimit: 16)))
            try await withStore(in: directory + "/store", unpacker: unpacker) { store async throws in
                let imports = try ImportFolder(folder, store: store, time: time, logger: .silent) { failures.note($0) }
                try await whileRunning({ await imports.run() }) {
                    await time.waitForSleeper(until: .seconds(60))
                    #expect(failures.entries.count == 1 && failures.entries.first?.contains("full.tar") == true)
                    time.advance(by: .seconds(60))
                    try await eventually("the import") { store.index.current.imports.count == 1 }
                    #expect(try await store.image("test/full:1") != nil)
                    // Nothing is left to be tried again: no sleep follows.
                    try AtomicFile.replace(folder + "/bad.tar", with: "no archive")
                    await failures.wait(count: 2)
                    try AtomicFile.replace(folder + "/good.tar", with: Self.docker(Self.image("other"), tags: ["test/good:1"]))
                    try await eventually("the other import") { store.index.current.imports.count == 2 }
                    #expect(time.deadlines.isEmpty && failures.entries.count == 2)
                }
            }
        }
    }
}
