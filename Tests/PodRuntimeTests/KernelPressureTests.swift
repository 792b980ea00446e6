import LinuxCgroups
import LinuxSystem
import PodCore
import TestSupport
import Testing

@testable import PodRuntime

@Suite("The node's room", .enabled(if: RuntimeFixture.cgroupMount != nil, "needs a cgroup v2 mount"))
struct KernelPressureTests {
    private func source(_ folder: TemporaryFolder, layers: String? = nil) throws -> KernelPressure {
        let tree = try CgroupTree(root: try #require(RuntimeFixture.cgroupMount), requireControllers: false)
        return try KernelPressure(
            ShimRuntimeSettings(cgroups: tree, shimProgram: "/shim", pauseProgram: "/pause"),
            .init(pods: folder.path, images: folder.path, layers: layers ?? folder.path))
    }

    @Test("memory, disks and process ids of this machine are measured; folders of one file system have the same figures")
    func measures() async throws {
        let folder = try TemporaryFolder()
        let room = try await source(folder).observe()
        #expect(room.problems.isEmpty)
        for amount in [room.memory, room.nodeFileSystem?.bytes, room.processIDs] {
            let amount = try #require(amount)
            #expect(amount.available > 0 && amount.available < amount.capacity)
        }
        #expect(room.nodeFileSystem == room.imageFileSystem && room.layout == DiskLayout())
    }

    @Test("a folder on another file system is noticed, and one that is missing is named while everything else is measured")
    func folders() async throws {
        let folder = try TemporaryFolder()
        #expect(try await source(folder, layers: "/proc").observe().layout == DiskLayout())
        let room = try await source(folder, layers: folder.sub("none")).observe()
        #expect(room.containerFileSystem == nil && room.nodeFileSystem != nil && room.memory != nil)
        #expect(room.problems.count == 1 && room.problems.first?.contains(folder.sub("none")) == true)
    }
}
