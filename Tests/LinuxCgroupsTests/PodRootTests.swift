import LinuxCgroups
import LinuxSystem
import Testing

@Suite struct PodRootTests {
    private let fake: FakeCgroups
    private let mounts: MountTable

    init() throws {
        fake = try FakeCgroups()
        mounts = try MountTable(text: "30 23 0:26 / \(fake.root) rw,nosuid shared:4 - cgroup2 cgroup2 rw\n")
    }

    @Test("cgroupRoot is below the mount point, with and without a slash", arguments: ["/kubepods", "kubepods"])
    func relative(path: String) throws {
        #expect(try CgroupTree.podRoot(relative: path, mounts: mounts) == fake.root + "/kubepods")
    }

    @Test("without cgroupRoot the unit of the pods has them, below system.slice if it is there, else the whole tree", arguments: ["", "/"])
    func delegated(path: String) throws {
        #expect(try CgroupTree.podRoot(relative: path, mounts: mounts) == fake.root)
        try fake.populate("system.slice/swiftlet-pods.service")
        #expect(try CgroupTree.podRoot(relative: path, mounts: mounts) == fake.root + "/system.slice/swiftlet-pods.service")
        try fake.populate("swiftlet-pods.service")
        #expect(try CgroupTree.podRoot(relative: path, mounts: mounts) == fake.root + "/swiftlet-pods.service")
    }

    @Test("a machine without cgroup v2 is refused with the way to get it") func noMount() throws {
        let error = try #require(throws: SystemError.self) { try CgroupTree.podRoot(relative: "/", mounts: try MountTable(text: "")) }
        #expect("\(error)".contains("systemd.unified_cgroup_hierarchy=1"))
    }
}
