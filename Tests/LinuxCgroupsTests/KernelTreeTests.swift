import Glibc
import LinuxCgroups
import LinuxSystem
import PodCore
import TestSupport
import Testing

private let mountPoint = (try? MountTable()).flatMap { CgroupTree.mountPoint(in: $0) }

/// The real cgroup2 file system, in a child of its root that is the test's own.
@Suite(.enabled(if: isRoot && mountPoint != nil, "needs root and a cgroup2 mount"))
struct KernelTreeTests {
    let tree: CgroupTree
    let name = "swiftlet-test-\(getpid())-\(UInt32.random(in: 0 ... .max))"

    init() throws { tree = try CgroupTree(root: #require(mountPoint), requireControllers: false) }

    /// A container that owns its cgroup chooses the names below it.
    @Test("cgroups with names that are not UTF-8 are removed")
    func namesThatAreNoTextAreRemoved() async throws {
        let pod = try tree.create(name + "-bytes/pod1")
        var current = try OwnedFileDescriptor.open(pod.path, O_RDONLY | O_DIRECTORY)
        for bytes in [[0xFF], [0x61, 0xC3], [0x62]] as [[UInt8]] {
            let child = try #require(FileName(bytes: bytes))
            try systemCall("mkdirat") { current.withRawValue { mkdirat($0, child.cString, 0o755) } }
            current = try SafePath(root: current).open(child, O_RDONLY | O_DIRECTORY)
        }
        current.close()
        let top = try tree.cgroup(name + "-bytes")
        try await top.remove(timeout: .seconds(60))
        #expect(!top.exists)
    }

    @Test("a tree is made, killed and removed")
    func treeIsMadeKilledAndRemoved() async throws {
        let pod = try tree.create(name + "/burstable/pod1")
        let container = try tree.create(name + "/burstable/pod1/c1")
        #expect(container.exists)
        #expect(try tree.create(name + "/burstable/pod1") == pod)
        let top = try tree.cgroup(name)
        do {
            let children = try (0..<3).map { _ in
                try ChildProcess(
                    .init(
                        executable: "/bin/sh", arguments: ["sh", "-c", "sleep 100 & sleep 100"], environment: ["PATH=/bin:/usr/bin"],
                        cgroup: container.path))
            }
            #expect(try top.isPopulated())
            #expect(try Set(children.map(\.pid)).isSubset(of: top.processes()))
            let busy = await #expect(throws: CgroupError.self) { try await top.waitUntilEmpty(timeout: .milliseconds(30)) }
            #expect(busy?.code == .busy)
            #expect(try container.stats().cpu.usage != nil)
            async let emptied: Void = container.waitUntilEmpty(timeout: .seconds(60))
            try pod.kill()
            for child in children { #expect(try await child.exitStatus(timeout: .seconds(60)) == .signalled(SIGKILL)) }
            try await emptied
            let last = try ChildProcess(.init(executable: "/bin/sleep", arguments: ["sleep", "100"], cgroup: container.path))
            async let status = last.exitStatus()
            try await top.remove()
            #expect(try await status == .signalled(SIGKILL))
        } catch {
            try? await top.remove()
            throw error
        }
        #expect(!top.exists)
        try await top.remove()
        try top.kill()
    }

    /// `cgroup.events` also changes when a cgroup freezes.
    @Test("a wait for the end goes on after another change")
    func aChangeThatIsNoEndIsWaitedOut() async throws {
        let cgroup = try tree.create(name + "-frozen")
        do {
            let child = try ChildProcess(.init(executable: "/bin/sleep", arguments: ["sleep", "100"], cgroup: cgroup.path))
            async let waited: Void = cgroup.waitUntilEmpty(timeout: .milliseconds(300))
            for state in ["1", "0", "1"] { try SmallFile.write(state, to: cgroup.path + "/cgroup.freeze") }
            do {
                try await waited
                Issue.record("a frozen process was taken for none")
            } catch let error as CgroupError {
                #expect(error.code == .busy && error.detail?.contains("1 processes are left: \(child.pid)(sleep)") == true, "\(error)")
            }
            async let status = child.exitStatus(timeout: .seconds(60))
            try await cgroup.remove()
            #expect(try await status == .signalled(SIGKILL))
        } catch {
            try? await cgroup.remove()
            throw error
        }
        #expect(!cgroup.exists)
    }

    @Test("limits without controllers are reported")
    func limitsWithoutControllersAreReported() async throws {
        let cgroup = try tree.create(name + "-limits")
        let controllers = try tree.availableControllers()
        let missing = try cgroup.apply(CgroupLimits(cpuLimit: 100, memoryLimit: 1 << 30))
        #expect(missing.contains("memory.max") == !controllers.contains(.memory))
        try await cgroup.remove()
    }

    @Test("the process' own cgroup is found")
    func ownCgroupIsKnown() throws {
        #expect(try CgroupTree.ownCgroup().hasPrefix("/"))
    }
}
