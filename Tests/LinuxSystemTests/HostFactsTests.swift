import LinuxSystem
import TestSupport
import Testing

@Suite struct HostFactsTests {
    @Test("the facts of this machine are read")
    func theMachineAnswers() throws {
        #expect(try HostFacts.bootID().count == 36)
        #expect(try HostFacts.uptime() > 1)
        #expect(HostFacts.onlineProcessors() >= 1)
        #expect(try HostFacts.memory().total > 1 << 20)
        #expect(try HostFacts.names().system == "Linux")
        #expect(try FileSystemStats(path: "/").capacity > 0)
        let monotonic = KernelClock.monotonic
        #expect(KernelClock.boottime >= monotonic)
    }

    @Test(
        "os-release names are read in every quoting",
        arguments: [
            ("PRETTY_NAME=\"A B\"\nX=1", "A B"), ("PRETTY_NAME='A'\n", "A"), ("PRETTY_NAME=A\n", "A"), ("NAME=A\n", nil), ("PRETTY_NAME=\n", nil),
            ("NAME=A\r\nPRETTY_NAME=\"A B\"\r\nX=1\r\n", "A B"),
        ]) func releaseNames(text: String, expected: String?)
    {
        #expect(HostFacts.value("PRETTY_NAME", inRelease: text) == expected)
    }

    @Test("all tasks are counted, not only those that run")
    func runningTasks() throws {
        #expect(try HostFacts.runningTasks() >= 1)
        let folder = try TemporaryFolder()
        for (text, count) in [
            ("0.20 0.18 0.12 1/80 11206\n", Int64(80)), ("0.20 0.18 0.12 80 11206\n", nil), ("1 2 3\n", nil), ("0 0 0 1/x 1\n", nil),
        ] {
            try TemporaryFolder.write(text, to: folder.sub("loadavg"))
            #expect((try? HostFacts.runningTasks(from: folder.sub("loadavg"))) == count)
        }
    }

    @Test("memory figures are bytes")
    func memoryFiguresAreBytes() throws {
        let facts = try MemoryFacts(text: "MemTotal:  10 kB\nMemFree: 3 kB\nMemAvailable: 5 kB\nHugePages_Total:  3\n")
        #expect(facts.total == 10240 && facts.available == 5120 && facts.free == 3072)
        #expect(throws: SystemError.self) { _ = try MemoryFacts(text: "nothing") }
    }

    @Test("huge pages of every size are counted in bytes")
    func hugePages() throws {
        let folder = try TemporaryFolder()
        #expect(try HugePages.reserved(in: folder.sub("none")).isEmpty)
        for (name, count) in [("hugepages-2048kB", "3\n"), ("hugepages-1048576kB", "0\n"), ("hugepages-64kB", "2\n"), ("other", "1\n")] {
            try Directories.make(folder.sub(name))
            try TemporaryFolder.write(count, to: folder.sub(name) + "/nr_hugepages")
        }
        #expect(try HugePages.reserved(in: folder.path) == [2 << 20: 6 << 20, 1 << 30: 0, 64 << 10: 128 << 10])
        try TemporaryFolder.write("many\n", to: folder.sub("hugepages-64kB/nr_hugepages"))
        #expect(throws: SystemError.self) { try HugePages.reserved(in: folder.path) }
    }

    @Test("the swap areas are the lines below the heading")
    func swapAreasAreThoseBelowTheHeading() throws {
        let directory = try TemporaryFolder()
        let table = directory.sub("swaps")
        #expect(try HostFacts.swapAreas(in: table) == [])
        let heading = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
        try AtomicFile.replace(table, with: heading)
        #expect(try HostFacts.swapAreas(in: table) == [])
        try AtomicFile.replace(
            table, with: heading + "/dev/vdb                                partition\t262140\t\t0\t\t-2\n/my\\040swap file\t1\t0\t-3\n")
        #expect(try HostFacts.swapAreas(in: table) == ["/dev/vdb", "/my\\040swap"])
    }

    @Test(
        "only the mounts on and below a path are taken, whatever the path is called",
        arguments: [
            ("/a", ["/a", "/a/b c", "/a/b c/d"]), ("/a/b c", ["/a/b c", "/a/b c/d"]), ("/a/", ["/a/b c", "/a/b c/d"]), ("/ab", ["/ab"]),
            ("/back\\slash", ["/back\\slash"]), ("/a/b", []), ("/", ["/a", "/a/b c", "/ab", "/a/b c/d", "/back\\slash"]), ("/abc", []),
        ])
    func mountsUnder(path: String, wanted: [String]) throws {
        let points = ["/a", "/a/b\\040c", "/ab", "/a/b\\040c/d", "/back\\134slash"]
        let text = points.enumerated().map { "\($0 + 30) 1 0:5 / \($1) rw - tmpfs none rw\n" }.joined()
        #expect(try MountTable(text: text, under: path).entries.map(\.mountPoint) == wanted)
        #expect(try MountTable(text: "36 35 x\n" + text, under: "/ab").entries.count == 1)
    }

    @Test("lines of mountinfo are read")
    func mountinfoLines() throws {
        let table = try MountTable(text: "36 35 98:0 /mnt1 /mnt\\0402 rw,noatime master:1 shared:2 - ext3 /dev/root rw,errors=continue\n")
        #expect(table.entries[0].mountPoint == "/mnt 2")
        #expect(table.entries[0].propagation == ["master:1", "shared:2"])
        #expect(table.entries[0].superOptions == ["rw", "errors=continue"])
        let error = #expect(throws: SystemError.self) { _ = try MountTable(text: "36 35 x") }
        #expect(error?.code == .malformed)
    }
}
