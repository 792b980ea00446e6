import LinuxSystem
import PodCore
import TestSupport
import Testing

@testable import LinuxCgroups

@Suite("Room in memory")
struct MemoryRoomTests {
    private func room(_ files: [String: String]) throws -> NodeRoom.Amount? {
        let fake = try FakeCgroups()
        try fake.populate("a")
        for (file, content) in files { try AtomicFile.replace(fake.root + "/a/" + file, with: content) }
        return try CgroupTree(root: fake.root, hugepageSizes: []).cgroup("a").memoryRoom()
    }

    @Test("a cgroup has its limit less its working set, which inactive page cache is not part of")
    func cgroup() throws {
        let files = ["memory.max": "1000\n", "memory.current": "700\n", "memory.stat": "anon 5\ninactive_file 100\nactive_file 300\n"]
        #expect(try room(files) == NodeRoom.Amount(capacity: 1000, available: 400))
        #expect(try room(files.merging(["memory.current": "5000\n"]) { $1 }) == NodeRoom.Amount(capacity: 1000, available: 0))
    }

    @Test(
        "without a limit, and without the controller, there is no such figure", arguments: [["memory.max": "max\n", "memory.current": "1\n"], [:]])
    func none(files: [String: String]) throws {
        #expect(try room(files) == nil)
    }

    @Test("the machine has what is free and inactive page cache; the kernel's estimate where the hierarchy does not know, or is a part of one")
    func machine() throws {
        let facts = try MemoryFacts(text: "MemTotal: 1000 kB\nMemFree: 300 kB\nMemAvailable: 800 kB\n")
        func available(_ mount: String?) throws -> Int64 { try CgroupTree.machineMemoryRoom(mount: mount, facts).available >> 10 }
        let fake = try FakeCgroups()
        #expect(try available(nil) == 800 && available(fake.root) == 800)
        try AtomicFile.replace(fake.root + "/memory.stat", with: "anon 5\ninactive_file \(200 << 10)\n")
        #expect(try available(fake.root) == 500)
        #expect(try CgroupTree.machineMemoryRoom(mount: fake.root, facts).capacity == 1000 << 10)
        try AtomicFile.replace(fake.root + "/memory.current", with: "5\n")
        #expect(try available(fake.root) == 800)
    }
}
