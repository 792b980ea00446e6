import Glibc
import LinuxSystem
import TestSupport
import Testing

@testable import ImageStore

/// Known attacks on unpackers, beside those of a layer's names alone.
extension LayerUnpackTests {
    @Test("modes, owners and times of links change nothing behind them (CVE-2021-32760)", arguments: ["../victim", "../../victim", "/../victim"])
    func modesThroughLinks(_ target: String) async throws {
        let layer = tar {
            $0.symlink("s", to: target)
            $0.add(.init(name: Array("h".utf8), type: "1", mode: 0o6777, uid: 7, gid: 7, link: Array("s".utf8)))
            $0.add(.init(name: Array("t".utf8), type: "2", mode: 0o6777, uid: 7, gid: 7, modified: 1, link: Array(target.utf8)))
        }
        try await unpack(layer) { (root, _) async throws in
            for name in ["s", "h", "t"] { #expect(try FileStatus(of: "\(root)/\(name)").kind == .symlink, "\(name)") }
            let victim = try FileStatus(of: root + "/../victim")
            #expect(victim.mode == 0o600 && victim.uid == 0 && victim.gid == 0 && victim.modified > 1_000_000_000)
        }
        // A file in the place of the link, which is opened for writing.
        try await unpack(
            tar {
                $0.symlink("s", to: target)
                $0.hardlink("h", to: "s")
                $0.file("h", "evil", mode: 0o666)
                $0.file("s", "evil", mode: 0o666)
            }
        ) { (root, _) async throws in
            for name in ["s", "h"] { #expect(try FileStatus(of: "\(root)/\(name)").kind == .file, "\(name)") }
        }
    }

    @Test("a layer whose directories are exchanged for links while it is unpacked writes nothing outside (CVE-2018-15664, CVE-2025-47290)")
    func exchangedDirectories() async throws {
        let layer = tar {
            for number in 0..<500 {
                $0.file("a/b/f\(number)", "evil", mode: 0o4777)
                $0.hardlink("a/b/h\(number)", to: "a/b/f\(number)")
                $0.file("a/b/.wh.w\(number)", "")
                $0.directory("a/b/d\(number)/", mode: 0o777)
            }
            $0.file("a/b/.wh..wh..opq", "")
        }
        try await withTemporaryFolder { directory async throws in
            let outside = directory + "/outside"
            // The same folders inside, where the link leads when it is taken as the layer means it.
            for name in ["outside/b", "layer/a/b", "layer/outside/b"] { try Directories.make("\(directory)/\(name)") }
            for name in ["w1", "w2"] { try AtomicFile.replace("\(outside)/b/\(name)", with: "kept") }
            try systemCall("symlink") { symlink("../outside", directory + "/layer/link") }
            let before = try LayerSeal.of(outside)
            let swap = try PathSwap.start(directory + "/layer/a", directory + "/layer/link")
            defer { swap.stop() }
            for _ in 0..<20 { _ = try? Self.unpack(layer, in: directory, limits: ImageLimits()) }
            swap.stop()
            #expect(swap.count > 1000)
            #expect(try LayerSeal.of(outside) == before)
            #expect(try DirectoryListing.names(at: outside + "/b") == ["w1", "w2"])
            #expect(try !DirectoryListing.names(at: directory + "/layer/outside/b").isEmpty, "links inside the layer are followed")
        }
    }

    @Test(
        "a layer that takes longer than it may is ended, and the message names the time",
        .enabled(if: access(builtProgram("swiftlet"), X_OK) == 0, "needs the swiftlet program beside the tests"))
    func endlessLayer() async throws {
        try await withTemporaryFolder { directory async throws in
            let pool = BlockingPool(name: "test", threads: 2, queueLimit: 64)
            let file = try BlobFile(path: directory + "/blob")
            try file.descriptor.writeAll(Self.hollow(zeros: 40 << 30))
            try Directories.make(directory + "/layer")
            var limits = ImageLimits()
            limits.ratio = .max
            limits.unpackSeconds = 1
            let error = await #expect(throws: ImageStoreError.self) {
                try await ConfinedUnpacker(executable: builtProgram("swiftlet"), pool: pool).unpack(file, into: directory + "/layer", limits: limits)
            }
            #expect(error?.code == .tooLarge && error?.detail.contains("not done after 1 s") == true, "\(String(describing: error))")
        }
    }
}
