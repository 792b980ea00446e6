import Glibc
import LinuxSystem
import PodCore
import TestSupport
import Testing

@testable import LinuxCgroups

@Suite struct StatsTests {
    private func stats(_ files: [(String, String)]) throws -> ResourceStats {
        let fake = try FakeCgroups()
        try fake.populate("a")
        for (file, content) in files { try AtomicFile.replace(fake.root + "/a/" + file, with: content) }
        return try CgroupTree(root: fake.root, hugepageSizes: ["2MB"]).cgroup("a").stats()
    }

    /// As a kernel 6.1 gives them.
    @Test("every figure of a kernel 6.1 is read")
    func allFigures() throws {
        let stats = try stats([
            (
                "cpu.stat",
                "usage_usec 7154\nuser_usec 4000\nsystem_usec 3154\ncore_sched.force_idle_usec 0\nnr_periods 12\nnr_throttled 3\nthrottled_usec 900\n"
                    + "nr_bursts 1\nburst_usec 2\n"
            ),
            ("cpu.pressure", "some avg10=1.50 avg60=0.20 avg300=0.03 total=12345\nfull avg10=0.00 avg60=0.00 avg300=100.00 total=6\n"),
            ("memory.current", "9347072\n"),
            (
                "memory.stat",
                "anon 8560640\nfile 700000\nkernel 80000\nkernel_stack 16384\npagetables 1\nsec_pagetables 0\nshmem 5\nfile_mapped 600000\n"
                    + "inactive_anon 1\nactive_anon 2\ninactive_file 400000\nactive_file 300000\nworkingset_refault_anon 0\npgfault 5091\npgmajfault 4\n"
            ),
            ("memory.events", "low 0\nhigh 0\nmax 17\noom 2\noom_kill 1\noom_group_kill 9\n"), ("memory.peak", "9999999\n"),
            ("memory.max", "134217728\n"), ("memory.swap.current", "8192\n"), ("memory.swap.max", "max\n"),
            ("memory.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=1\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=2\n"),
            ("io.stat", "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n7:1 \n259:16 rbytes=18446744073709551615 wbytes=0 rios=1 wios=0\n"),
            ("io.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=3\n"), ("pids.current", "4\n"), ("pids.max", "100\n"),
            ("hugetlb.2MB.current", "2097152\n"),
        ])
        let cpu = stats.cpu
        #expect(cpu.usage == 7154 && cpu.user == 4000 && cpu.system == 3154 && cpu.periods == 12 && cpu.throttledPeriods == 3)
        #expect(cpu.throttledTime == 900 && cpu.bursts == 1 && cpu.burstTime == 2)
        #expect(cpu.pressure?.some?.average10 == 1.5 && cpu.pressure?.some?.average60 == 0.2 && cpu.pressure?.some?.average300 == 0.03)
        #expect(cpu.pressure?.some?.total == 12345 && cpu.pressure?.full?.average300 == 100 && cpu.pressure?.full?.total == 6)
        let memory = stats.memory
        #expect(memory.usage == 9_347_072 && memory.workingSet == 8_947_072 && memory.rss == 8_560_640 && memory.cache == 700_000)
        #expect(memory.kernel == 80_000 && memory.mappedFile == 600_000 && memory.activeFile == 300_000 && memory.inactiveFile == 400_000)
        #expect(memory.pageFaults == 5091 && memory.majorPageFaults == 4 && memory.limitHits == 17 && memory.oomKills == 1)
        #expect(memory.peak == 9_999_999 && memory.limit == 134_217_728 && memory.swap == 8192 && memory.swapLimit == nil)
        #expect(memory.pressure?.some?.total == 1 && memory.pressure?.full?.total == 2)
        var first = ResourceStats.Device(major: 8, minor: 0)
        (first.readBytes, first.writtenBytes, first.reads, first.writes) = (1, 2, 3, 4)
        #expect(stats.devices?.count == 3 && stats.devices?.first == first && stats.devices?[1] == ResourceStats.Device(major: 7, minor: 1))
        #expect(stats.devices?.last?.readBytes == .max)
        #expect(stats.ioPressure?.some?.total == 3 && stats.ioPressure?.full == nil)
        #expect(stats.tasks == 4 && stats.taskLimit == 100 && stats.hugepages == ["2MB": 2 << 20])
    }

    @Test("figures of missing controllers are absent")
    func missingControllersAreAbsentFigures() throws {
        let stats = try stats([("cpu.stat", "usage_usec 1\nuser_usec 1\nsystem_usec 0\n")])
        var bare = ResourceStats(measuredAt: stats.measuredAt)
        (bare.cpu.usage, bare.cpu.user, bare.cpu.system) = (1, 1, 0)
        // Nothing runs in this one.
        (bare.memory.workingSet, bare.memory.rss) = (0, 0)
        #expect(stats == bare)
    }

    @Test(
        "anonymous pages of a process are its resident ones less those of files",
        arguments: [("1000 300 120 5 0 200 0\n", 180), ("1000 120 300 5 0 200 0\n", 0), ("0 0 0 0 0 0 0\n", 0), ("", 0)] as [(String, UInt64)])
    func anonymousPages(statm: String, pages: UInt64) { #expect(Cgroup.anonymousPages(Array(statm.utf8)[...]) == pages) }

    @Test("without the memory controller the processes' own memory stands for the cgroup's, those below included")
    func residentMemory() throws {
        let fake = try FakeCgroups()
        try fake.populate("a/b")
        let proc = try TemporaryFolder()
        for (cgroup, pid) in [("a", 7), ("a/b", 8), ("a/b", 9)] {
            try AtomicFile.replace(fake.root + "/\(cgroup)/cgroup.procs", with: cgroup == "a" ? "7\n" : "8\n9\n")
            try Directories.make(proc.path + "/\(pid)")
        }
        try AtomicFile.replace(proc.path + "/7/statm", with: "100 50 20 0 0 0 0\n")
        try AtomicFile.replace(proc.path + "/8/statm", with: "100 12 10 0 0 0 0\n")
        // The last process has ended between the list and its file.
        #expect(try CgroupTree(root: fake.root).cgroup("a").residentMemory(proc: proc.path) == 32 * UInt64(sysconf(Int32(_SC_PAGESIZE))))
    }

    @Test("working set is never negative")
    func workingSetIsNeverNegative() throws {
        #expect(try stats([("cpu.stat", ""), ("memory.current", "5\n"), ("memory.stat", "inactive_file 6\n")]).memory.workingSet == 0)
        #expect(try stats([("cpu.stat", ""), ("memory.current", "5\n")]).memory.workingSet == 5)
    }

    @Test("a cgroup that is gone is an error")
    func aCgroupThatIsGoneIsAnError() throws {
        let fake = try FakeCgroups()
        let error = #expect(throws: CgroupError.self) { _ = try CgroupTree(root: fake.root).cgroup("none").stats() }
        #expect(error?.cause?.isNotFound == true)
    }

    /// Longer than the first buffer.
    @Test("long files are read to their end")
    func longFilesAreReadToTheirEnd() throws {
        let lines = (0..<3000).map { "253:\($0) rbytes=\($0) wbytes=0 rios=0 wios=0\n" }.joined()
        let devices = try stats([("cpu.stat", "usage_usec 1\n"), ("io.stat", lines)]).devices
        #expect(devices?.count == 3000 && devices?.last?.minor == 2999 && devices?.last?.readBytes == 2999)
    }
}

@Suite struct ControlFormatTests {
    @Test(
        "only decimal numbers in range are read",
        arguments: [
            ("0", UInt64(0)), ("00012", 12), ("18446744073709551615", .max), ("18446744073709551616", nil), ("99999999999999999999999", nil),
            ("", nil),
            ("-1", nil), ("+1", nil), ("1 ", nil), ("max", nil), ("1.0", nil), ("\u{FF11}", nil),
        ]) func numbers(text: String, value: UInt64?)
    {
        #expect(ControlFormat.number(Array(text.utf8)[...]) == value)
    }

    @Test(
        "only decimal fractions are read",
        arguments: [
            ("0.00", 0.0), ("12.34", 12.34), ("7", 7), ("100.0", 100), ("", nil), (".5", nil), ("1.", nil), ("1.x", nil), ("1.1234567890123", nil),
        ]) func averages(text: String, value: Double?)
    {
        #expect(ControlFormat.average(Array(text.utf8)[...]) == value)
    }

    /// Whatever the kernel may come to write: tables made at random read back, with lines in between that mean nothing to us.
    @Test("random tables are read back, with unknown lines in between", arguments: 0..<50) func tablesReadBack(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        var wanted = ResourceStats.CPU()
        let known: [(String, WritableKeyPath<ResourceStats.CPU, UInt64?>)] = [
            ("usage_usec", \.usage), ("user_usec", \.user), ("system_usec", \.system), ("nr_periods", \.periods),
            ("nr_throttled", \.throttledPeriods), ("throttled_usec", \.throttledTime), ("nr_bursts", \.bursts), ("burst_usec", \.burstTime),
        ]
        var lines: [String] = []
        for (key, field) in known where Bool.random(using: &random) {
            let value = UInt64.random(in: 0 ... .max, using: &random) >> UInt64.random(in: 0..<64, using: &random)
            wanted[keyPath: field] = value
            lines.append("\(key) \(value)")
        }
        lines += ["usage_usec_more 5", "more_usage_usec 5", "usage_use 5", "user_usec x", "", " ", "nr_periods", "system_usec 1 2"].shuffled(
            using: &random)
        lines.shuffle(using: &random)
        var found = ResourceStats.CPU()
        found.read(Array(lines.joined(separator: "\n").utf8)[...])
        #expect(found == wanted)
    }

    /// Bytes of any kind, cut anywhere: nothing traps, and nothing is made up.
    @Test("any bytes are read without a trap and without invented figures", arguments: 0..<200) func anyBytesAreRead(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let alphabet = Array("some full avg10=0.1 total=9 8:0 rbytes=: .\n=usage_usec".utf8) + [0, 0xFF]
        let bytes = (0..<Int.random(in: 0...200, using: &random)).map { _ in alphabet.randomElement(using: &random)! }
        var cpu = ResourceStats.CPU()
        cpu.read(bytes[...])
        var memory = ResourceStats.Memory()
        memory.readTable(bytes[...])
        #expect(memory == ResourceStats.Memory())
        let devices = ResourceStats.Device.list(bytes[...])
        #expect(devices.count <= bytes.count / 3 + 1)
        let pressure = ResourceStats.Pressure(parsing: bytes[...])
        #expect((pressure.some?.total ?? 0) <= .max)
    }
}
