import LinuxCgroups
import LinuxSystem
import Logging
import PodCore
import TestSupport
import Testing

@testable import PodRuntime
@testable import ShimClient

/// The limits of all pods together, in files that look like cgroups.
@Suite struct AllPodsTests {
    private let folder: TemporaryFolder
    private var tree: String { folder.path + "/cgroups" }

    init() throws {
        folder = try TemporaryFolder(mode: 0o755)
    }

    /// A tree below a cgroup of the service manager, which has all controllers.
    private func runtime(controllers: String) throws -> ShimRuntime {
        for (place, offered) in [("", "cpu memory pids hugetlb")]
            + ["/pods", "/pods/kubepods", "/pods/kubepods/burstable", "/pods/kubepods/besteffort"]
            .map({ ($0, controllers) })
        {
            try Directories.make(tree + place)
            try AtomicFile.replace("\(tree)\(place)/cgroup.controllers", with: offered + "\n")
            try AtomicFile.replace("\(tree)\(place)/cgroup.subtree_control", with: "")
        }
        let names = ["cpu.weight", "cpu.max", "memory.max", "memory.oom.group", "pids.max"]
        for name in names { try AtomicFile.replace("\(tree)/pods/kubepods/\(name)", with: "") }
        for level in ["burstable", "besteffort"] { try AtomicFile.replace("\(tree)/pods/kubepods/\(level)/cpu.weight", with: "") }
        let cgroups = try CgroupTree(root: tree + "/pods", hugepageSizes: ["2MB"])
        let settings = ShimRuntimeSettings(
            runDirectory: folder.path + "/run", stateDirectory: folder.path + "/state", cgroups: cgroups, shimProgram: "/none", pauseProgram: "/none")
        return try ShimRuntime(settings, logger: .silent)
    }

    private func content(_ file: String) throws -> String { try SmallFile.text("\(tree)/\(file)") }

    /// Pods run even where the machine's huge pages cannot be limited.
    @Test("limits of huge pages without their controller are only reported") func hugePagesWithoutTheirControllerAreOnlyTold() async throws {
        defer { try? folder.remove() }
        let limits = CgroupResources(cpuRequest: 2000, memoryLimit: 1 << 30, pidsLimit: 1000, hugepageLimits: ["2MB": 4 << 20])
        let missing = try await runtime(controllers: "cpu memory pids").limitAllPods(limits)
        #expect(missing == ["hugetlb.2MB.max"])
        #expect(try content("pods/kubepods/memory.max") == "\(1 << 30)")
        // It was asked for where the service manager keeps it.
        #expect(try content("cgroup.subtree_control") == "+hugetlb")
    }

    /// With it, what cannot be written is an error as for every other limit.
    @Test("a limit of huge pages that cannot be written is an error") func aHugePageLimitThatCannotBeWrittenIsAnError() async throws {
        defer { try? folder.remove() }
        let limits = CgroupResources(cpuRequest: 2000, hugepageLimits: ["2MB": 4 << 20])
        let runtime = try runtime(controllers: "cpu memory pids hugetlb")
        let error = await #expect(throws: RuntimeFailure.self) { _ = try await runtime.limitAllPods(limits) }
        #expect(error?.message.contains("hugetlb.2MB.max") == true)
        #expect(try content("cgroup.subtree_control") == "")
    }
}
