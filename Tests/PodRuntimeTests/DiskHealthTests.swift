import Glibc
import LinuxSystem
import TestSupport
import Testing

@testable import PodRuntime

@Suite("Health of disks", .enabled(if: isRoot, "needs root"), .timeLimit(.minutes(1))) struct DiskHealthTests {
    @Test("a file system that takes writes is healthy, a read-only one is named with its path") func readOnly() async throws {
        let folder = try TemporaryFolder()
        let path = folder.sub("logs")
        let disk = DiskHealth(path)
        try await disk.check()
        try Mounts.tmpfs(at: path, flags: .readOnly)
        defer { try? Mounts.unmount(path) }
        let error = await #expect(throws: SystemError.self) { try await disk.check() }
        #expect(error?.is(EROFS) == true && error.map { "\($0)".contains(path) } == true)
        try Mounts.unmount(path)
        try await disk.check()
    }
}
