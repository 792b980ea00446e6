import Glibc
import LinuxCgroups
import LinuxSystem
import TestSupport
import Testing

/// A directory with the files that a cgroup has: the kernel's tree is a tree of files.
final class FakeCgroups: Sendable {
    private let folder: TemporaryFolder
    static let everything = "cpuset cpu io memory hugetlb pids"
    static let limits = [
        "cpu.weight", "cpu.max", "memory.max", "memory.swap.max", "memory.oom.group", "pids.max", "hugetlb.2MB.max", "hugetlb.2MB.rsvd.max",
        "hugetlb.1GB.max", "hugetlb.1GB.rsvd.max",
    ]
    static let hugepageSizes = ["2MB", "1GB"]

    init(controllers: String = everything) throws {
        folder = try TemporaryFolder()
        try populate("", controllers: controllers)
    }

    var root: String { folder.path }

    func populate(_ name: String, controllers: String = everything, files: [String] = []) throws {
        let path = name.isEmpty ? root : root + "/" + name
        try Directories.make(path)
        for (file, content) in [("cgroup.controllers", controllers + "\n"), ("cgroup.subtree_control", "")] + files.map({ ($0, "") }) {
            try AtomicFile.replace(path + "/" + file, with: content)
        }
    }

    func content(_ file: String) throws -> String { try SmallFile.text(root + "/" + file) }
}

@Suite struct FakeTreeTests {
    @Test("each limit is written to its file")
    func limitsLandInTheirFiles() throws {
        let fake = try FakeCgroups()
        try fake.populate("pods/a", files: FakeCgroups.limits)
        let cgroup = try CgroupTree(root: fake.root + "/", hugepageSizes: FakeCgroups.hugepageSizes).cgroup("pods/a")
        let limits = CgroupLimits(
            cpuRequest: 1000, cpuLimit: 1500, memoryLimit: 1 << 30, swapLimit: 0, pidsLimit: 100, hugepageLimits: ["2MB": 4 << 20])
        #expect(try cgroup.apply(limits) == [])
        for (file, value) in [
            ("cpu.weight", "100"), ("cpu.max", "150000 100000"), ("memory.max", "1073741824"), ("memory.swap.max", "0"),
            ("memory.oom.group", "1"), ("pids.max", "100"), ("hugetlb.2MB.max", "4194304"), ("hugetlb.2MB.rsvd.max", "4194304"),
            ("hugetlb.1GB.max", "0"), ("hugetlb.1GB.rsvd.max", "0"),
        ] { #expect(try fake.content("pods/a/" + file) == value, "\(file)") }
    }

    @Test("no limits means max")
    func noLimitsMeansMax() throws {
        let fake = try FakeCgroups()
        try fake.populate("a", files: FakeCgroups.limits)
        let cgroup = try CgroupTree(root: fake.root).cgroup("a")
        #expect(try cgroup.apply(CgroupLimits(killsTogether: false)) == [])
        for (file, value) in [
            ("cpu.weight", "1"), ("cpu.max", "max 100000"), ("memory.max", "max"), ("memory.swap.max", "max"), ("memory.oom.group", "0"),
            ("pids.max", "max"),
        ] { #expect(try fake.content("a/" + file) == value, "\(file)") }
    }

    @Test("missing controllers are named")
    func missingControllersAreNamed() throws {
        let fake = try FakeCgroups(controllers: "")
        let error = #expect(throws: CgroupError.self) { _ = try CgroupTree(root: fake.root) }
        #expect(error?.code == .missingControllers)
        #expect(error?.description.contains("missing cpu memory pids") == true)

        let tree = try CgroupTree(root: fake.root, requireControllers: false)
        try fake.populate("a", controllers: "")
        let cgroup = try tree.cgroup("a")
        #expect(try cgroup.apply(CgroupLimits()) == [], "unlimited holds without controllers")
        let limits = CgroupLimits(cpuRequest: 5, cpuLimit: 10, memoryLimit: 1, swapLimit: 0, pidsLimit: 1, hugepageLimits: ["2MB": 1])
        #expect(try cgroup.apply(limits) == ["cpu.max", "cpu.weight", "hugetlb.2MB.max", "memory.max", "pids.max"])
    }

    /// A controller that the service manager does not delegate.
    @Test("a controller is obtained from the cgroups above")
    func aControllerIsObtainedFromAbove() throws {
        let fake = try FakeCgroups()
        let slice = "system.slice"
        try fake.populate(slice)
        try fake.populate(slice + "/pods", controllers: "cpu memory pids")
        let tree = try CgroupTree(root: "\(fake.root)/\(slice)/pods")
        try tree.obtain(.memory)
        #expect(try fake.content("cgroup.subtree_control") == "")
        try tree.obtain(.hugetlb)
        for place in ["", slice + "/"] { #expect(try fake.content(place + "cgroup.subtree_control") == "+hugetlb") }
        #expect(try fake.content(slice + "/pods/cgroup.subtree_control") == "")
        // A refusal is none of this call's business.
        try TreeRemoval.remove("\(fake.root)/\(slice)/cgroup.subtree_control")
        try tree.obtain(.hugetlb)
    }

    @Test("a required limit without its file is an error")
    func aRequiredLimitWithoutItsFileIsAnError() throws {
        let fake = try FakeCgroups()
        try fake.populate("a")
        let cgroup = try CgroupTree(root: fake.root).cgroup("a")
        let error = #expect(throws: CgroupError.self) { _ = try cgroup.apply(CgroupLimits(memoryLimit: 5)) }
        #expect(error?.code == .missingControllers)
        let away = try CgroupTree(root: fake.root, requireControllers: false).cgroup("b")
        let gone = #expect(throws: CgroupError.self) { _ = try away.apply(CgroupLimits(memoryLimit: 5)) }
        #expect(gone?.code == .kernel)
    }

    @Test("names stay in the tree", arguments: ["", "/a", "a//b", "../a", "a/..", "./a"]) func namesStayInTheTree(name: String) throws {
        let fake = try FakeCgroups()
        let tree = try CgroupTree(root: fake.root, requireControllers: false)
        let error = #expect(throws: CgroupError.self) { _ = try tree.cgroup(name) }
        #expect(error?.code == .invalidName)
    }

    @Test("a root that is not a cgroup is refused")
    func aRootThatIsNoCgroup() {
        let error = #expect(throws: CgroupError.self) { _ = try CgroupTree(root: "/tmp", requireControllers: false) }
        #expect(error?.code == .notACgroup)
    }
}
