import Glibc
import LinuxSystem
import PodCore
import TestSupport
import Testing

@testable import PodVolumes

@Suite("Files that containers have written", .enabled(if: isRoot, "needs root"), .timeLimit(.minutes(1)))
struct FileInVolumeTests {
    let fixture: VolumesFixture
    let volume: String

    init() async throws {
        fixture = try VolumesFixture()
        volume = try await fixture.mount(.emptyDirectory())
    }

    private func read(_ path: String, limit: Int = 100) async throws -> [UInt8]? {
        try await fixture.volumes.file(path, inVolume: volume, limit: limit)
    }

    @Test("a file is read, also through a link inside the volume, and a missing one is not an error")
    func read() async throws {
        try Directories.make(volume + "/a/b")
        try TemporaryFolder.write("K='v'", to: volume + "/a/b/env")
        symlink("a/b", volume + "/link")
        for path in ["a/b/env", "./a//b/env", "link/env"] {
            #expect(try await read(path) == Array("K='v'".utf8), "\(path)")
        }
        for path in ["a/none", "none/env", "a/b/env/x"] { #expect(try await read(path) == nil, "\(path)") }
    }

    @Test("nothing outside of the volume is read", arguments: ["out", "up", "folder/secret", "magic", "../secret", "/secret"])
    func outside(path: String) async throws {
        let secret = fixture.root + "/secret"
        try TemporaryFolder.write("K='v'", to: secret)
        symlink(secret, volume + "/out")
        symlink("../../../../../../secret", volume + "/up")
        symlink(fixture.root, volume + "/folder")
        symlink("/proc/self/root" + secret, volume + "/magic")
        await #expect(throws: VolumeFailure.self) { _ = try await read(path) }
    }

    @Test("a file on another mount is not read")
    func mount() async throws {
        try Directories.make(volume + "/m")
        try Mounts.tmpfs(at: volume + "/m")
        defer { try? Mounts.unmount(volume + "/m") }
        try TemporaryFolder.write("K='v'", to: volume + "/m/env")
        await #expect(throws: VolumeFailure.self) { _ = try await read("m/env") }
    }

    @Test("only a regular file is opened, and none that is too large")
    func kinds() async throws {
        mkfifo(volume + "/fifo", 0o666)
        mknod(volume + "/device", S_IFCHR | 0o666, 0x105)
        try Directories.make(volume + "/directory")
        try TemporaryFolder.write(String(repeating: "x", count: 101), to: volume + "/large")
        for name in ["fifo", "device", "directory", "large"] {
            await #expect(throws: VolumeFailure.self, "\(name)") { _ = try await read(name) }
        }
        #expect(try await read("large", limit: 101)?.count == 101)
    }
}
