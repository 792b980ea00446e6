import LinuxSystem
import PodCore
import PodVolumes
import TestSupport
import Testing

private let hasHugePages = (try? SmallFile.text("/proc/filesystems"))?.contains("hugetlbfs") == true

@Suite("emptyDir in huge pages", .enabled(if: isRoot && hasHugePages, "needs root and a kernel with hugetlbfs"))
struct HugePagesTests {
    @Test("the pages have the size that was asked for, and the root is as that of any volume in memory")
    func mounts() async throws {
        let fixture = try VolumesFixture()
        let path = try await fixture.mount(.hugePages(pageSize: 2 << 20, sizeLimit: 8 << 20), fsGroup: 2000)
        let mount = try #require(try MountTable().mount(at: path))
        #expect(mount.type == "hugetlbfs" && mount.superOptions.contains("pagesize=2M"), "\(mount.superOptions)")
        #expect(mount.superOptions.contains { $0.hasPrefix("size=") }, "\(mount.superOptions)")
        let status = try FileStatus(of: path)
        #expect(status.gid == 2000 && status.mode == 0o3777)
        _ = try await fixture.mount(.hugePages(pageSize: 2 << 20, sizeLimit: 8 << 20), fsGroup: 2000)
        #expect(try MountTable().entries.filter { $0.mountPoint == path }.count == 1)
        let all = [MountedVolume(name: "vol", path: path, root: .memory)]
        #expect(try await fixture.volumes.missing(all).isEmpty)
        try await fixture.volumes.tearDown(podUID: "uid-1")
        #expect(try MountTable().mounts(under: fixture.root).isEmpty)
    }

    @Test("pages of a size that the processor does not have are an error")
    func otherSize() async throws {
        let fixture = try VolumesFixture()
        let error = await #expect(throws: VolumeFailure.self) { _ = try await fixture.mount(.hugePages(pageSize: 3 << 20, sizeLimit: nil)) }
        #expect(error?.code == .system)
    }
}
