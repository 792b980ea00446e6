import LinuxSystem
import PodCore
import TestSupport
import Testing

@testable import LinuxCgroups

@Suite("Usage of the machine") struct MachineStatsTests {
    private let facts: MemoryFacts
    private let proc: TemporaryFolder

    init() throws {
        facts = try MemoryFacts(
            text: "MemTotal: 1000 kB\nMemFree: 300 kB\nMemAvailable: 800 kB\nCached: 70 kB\nAnonPages: 60 kB\nSwapTotal: 50 kB\nSwapFree: 20 kB\n")
        proc = try TemporaryFolder()
        try AtomicFile.replace(proc.path + "/stat", with: "cpu  100 10 50 9999 7 3 2 1 90 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n")
        try Directories.make(proc.path + "/pressure", mode: 0o755)
        try AtomicFile.replace(proc.path + "/pressure/cpu", with: "some avg10=1.00 avg60=0.00 avg300=0.00 total=5\n")
    }

    private func stats(_ mount: String?) throws -> ResourceStats { try CgroupTree.machineStats(mount: mount, facts, proc: proc.path) }

    @Test("without a hierarchy the figures are those of /proc") func fromProc() throws {
        let stats = try stats(nil)
        // Ticks of 10 ms; what waits and what guests use does not count.
        #expect(stats.cpu.user == 1_100_000 && stats.cpu.system == 550_000 && stats.cpu.usage == 1_650_000)
        #expect(stats.cpu.pressure?.some?.total == 5 && stats.memory.pressure == nil)
        #expect(stats.memory.usage == 700 << 10 && stats.memory.workingSet == 200 << 10 && stats.memory.swap == 30 << 10)
        #expect(stats.memory.rss == 60 << 10 && stats.memory.cache == 70 << 10 && stats.memory.pageFaults == nil)
    }

    @Test("the hierarchy's root knows more; a part of it counts for nothing") func fromRoot() throws {
        let fake = try FakeCgroups()
        try AtomicFile.replace(fake.root + "/cpu.stat", with: "usage_usec 7\nuser_usec 4\nsystem_usec 3\n")
        try AtomicFile.replace(fake.root + "/memory.stat", with: "anon 5\nfile 6\ninactive_file \(200 << 10)\npgfault 8\npgmajfault 9\n")
        let root = try stats(fake.root)
        #expect(root.cpu.usage == 7 && root.cpu.user == 4 && root.cpu.system == 3)
        #expect(root.memory.rss == 5 && root.memory.cache == 6 && root.memory.pageFaults == 8 && root.memory.majorPageFaults == 9)
        #expect(root.memory.workingSet == 500 << 10)
        try AtomicFile.replace(fake.root + "/cgroup.type", with: "domain\n")
        try AtomicFile.replace(fake.root + "/memory.current", with: "1\n")
        let part = try stats(fake.root)
        #expect(part.cpu.usage == 1_650_000 && part.memory.rss == 60 << 10 && part.memory.workingSet == 200 << 10)
    }

    @Test("lines of /proc/stat in another form are no usage", arguments: ["", "cpu\n", "cpu 1 2 3\n", "intr 1 2 3 4 5 6 7 8 9\n"])
    func otherForms(text: String) {
        var cpu = ResourceStats.CPU()
        cpu.readTicks(ArraySlice(text.utf8))
        #expect(cpu == ResourceStats.CPU())
    }
}
