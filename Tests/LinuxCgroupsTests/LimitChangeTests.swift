import LinuxCgroups
import LinuxSystem
import Testing

/// In-place changes of limits, and what is read back of them.
@Suite struct LimitChangeTests {
    let fake: FakeCgroups
    let cgroup: Cgroup

    init() throws {
        fake = try FakeCgroups()
        try fake.populate("a", files: FakeCgroups.limits + ["memory.current"])
        cgroup = try CgroupTree(root: fake.root, hugepageSizes: FakeCgroups.hugepageSizes).cgroup("a")
    }

    private func set(_ file: String, _ content: String) throws { try AtomicFile.replace(fake.root + "/a/" + file, with: content) }

    @Test("a limit below usage changes nothing")
    func aLimitBelowUsageChangesNothing() throws {
        _ = try cgroup.apply(CgroupLimits(cpuRequest: 100, memoryLimit: 4096))
        try set("memory.current", "5000\n")
        let error = #expect(throws: CgroupError.self) { _ = try cgroup.update(CgroupLimits(cpuRequest: 2000, memoryLimit: 4999)) }
        #expect(error?.code == .belowUsage)
        #expect(error?.detail?.contains("found 5000 bytes") == true && error?.detail?.contains("a limit of 4999") == true)
        #expect(try fake.content("a/cpu.weight") == "17" && fake.content("a/memory.max") == "4096")

        #expect(try cgroup.update(CgroupLimits(cpuRequest: 2000, memoryLimit: 5000)) == [])
        #expect(try fake.content("a/cpu.weight") == "174" && fake.content("a/memory.max") == "5000")
        // A plain file keeps what is longer.
        try set("memory.max", "")
        #expect(try cgroup.update(CgroupLimits()) == [], "no limit is above every use")
        #expect(try fake.content("a/memory.max") == "max")
    }

    /// The kernel's figures are coarser: what was asked for reads back as it was asked for, whatever the rounding.
    @Test(
        "written limits are read back",
        arguments: [
            CgroupLimits(), CgroupLimits(cpuRequest: 0),
            CgroupLimits(
                cpuRequest: 103, cpuLimit: 1, cpuPeriod: 5000, memoryLimit: 1_000_001, swapLimit: 0, pidsLimit: 7, hugepageLimits: ["2MB": 2 << 20],
                killsTogether: false),
            CgroupLimits(cpuRequest: 300_000, cpuLimit: 333, memoryLimit: 1 << 40, swapLimit: 4097),
        ]) func whatWasWrittenReadsBack(limits: CgroupLimits) throws
    {
        _ = try cgroup.apply(limits)
        for (file, limit) in [("memory.max", limits.memoryLimit), ("memory.swap.max", limits.swapLimit)] {
            // As the kernel does it.
            if let limit { try set(file, "\(limit / 4096 * 4096)\n") }
        }
        let (found, missing) = try cgroup.limits(wanted: limits)
        #expect(found.cpuRequest == limits.cpuRequest && found.cpuLimit == limits.cpuLimit && found.cpuPeriod == limits.cpuPeriod)
        #expect(found.memoryLimit == limits.memoryLimit && found.swapLimit == limits.swapLimit && found.pidsLimit == limits.pidsLimit)
        #expect(found.hugepageLimits == limits.hugepageLimits && found.killsTogether == limits.killsTogether)
        #expect(missing == [])
    }

    @Test("limits changed in the kernel are read as the kernel's")
    func otherFiguresAreTheKernels() throws {
        let limits = CgroupLimits(cpuRequest: 100, cpuLimit: 500, memoryLimit: 1 << 20, swapLimit: 0, pidsLimit: 10, hugepageLimits: ["2MB": 2 << 20])
        _ = try cgroup.apply(limits)
        for (file, content) in [
            ("cpu.weight", "100\n"), ("cpu.max", "30000 20000\n"), ("memory.max", "max\n"), ("memory.swap.max", "8192\n"), ("pids.max", "max\n"),
            ("hugetlb.2MB.max", "4194304\n"), ("hugetlb.1GB.max", "max\n"),
        ] { try set(file, content) }
        let found = try cgroup.limits(wanted: limits).limits
        #expect(CPUController.weight(milliCPU: found.cpuRequest ?? 0) == 100)
        #expect(found.cpuLimit == 1500 && found.cpuPeriod == 20_000)
        #expect(found.memoryLimit == nil && found.swapLimit == 8192 && found.pidsLimit == nil)
        #expect(found.hugepageLimits == ["2MB": 4 << 20, "1GB": .max])
        try set("cpu.max", "max 100000\n")
        #expect(try cgroup.limits(wanted: limits).limits.cpuLimit == nil)
    }

    @Test("missing files are named")
    func missingFilesAreNamed() throws {
        let tree = try CgroupTree(root: fake.root, requireControllers: false, hugepageSizes: ["2MB"])
        try fake.populate("bare", controllers: "")
        let limits = CgroupLimits(cpuRequest: 10, memoryLimit: 5)
        let (found, missing) = try tree.cgroup("bare").limits(wanted: limits)
        #expect(missing == ["cpu.weight", "memory.max"] && found == limits)
        #expect(throws: CgroupError.self) { _ = try tree.cgroup("none").limits(wanted: limits) }
    }

    @Test("a level's weight changes nothing else")
    func aLevelsWeightTouchesNothingElse() throws {
        _ = try cgroup.apply(CgroupLimits(cpuLimit: 500, memoryLimit: 4096))
        #expect(try cgroup.applyCPURequest(1000) == [])
        #expect(try fake.content("a/cpu.weight") == "100")
        #expect(try fake.content("a/cpu.max") == "50000 100000" && fake.content("a/memory.max") == "4096")
    }

    @Test("a swap limit changes nothing else")
    func aSwapLimitTouchesNothingElse() throws {
        try set("memory.max", "")
        #expect(try cgroup.applySwapLimit(0) == [])
        #expect(try fake.content("a/memory.swap.max") == "0" && fake.content("a/memory.max") == "")
        // A kernel without swap.
        try fake.populate("bare")
        #expect(try cgroup.tree.cgroup("bare").applySwapLimit(0) == [])
    }

    @Test("page sizes without a limit stay as they are")
    func sizesLeftAloneStayAsTheyAre() throws {
        try set("hugetlb.2MB.max", "max")
        _ = try cgroup.apply(CgroupLimits(hugepageLimits: nil))
        #expect(try fake.content("a/hugetlb.2MB.max") == "max")
    }

    @Test("the page sizes of the machine are found")
    func pageSizesOfTheMachine() throws {
        for name in ["hugepages-2048kB", "hugepages-1048576kB", "hugepages-64kB", "other"] { try Directories.make(fake.root + "/sizes/" + name) }
        #expect(try HugeTLBController.sizes(in: fake.root + "/sizes") == ["64KB", "2MB", "1GB"])
        #expect(try HugeTLBController.sizes(in: fake.root + "/none") == [])
    }
}
