import Glibc
import LinuxSystem
import TestSupport
import Testing

@Suite struct ProcessTests {
    @Test("a child's exit status and output are returned")
    func childExitStatusAndOutput() async throws {
        let (read, write) = try pipe()
        let child = try ChildProcess(
            .init(
                executable: "/bin/sh", arguments: ["sh", "-c", "echo $X; pwd; exit 7"], environment: ["X=hello"], directory: "/",
                descriptors: [nil, write, nil]))
        write.close()
        #expect(try await child.exitStatus() == .exited(7))
        #expect(try await child.exitStatus() == .exited(7))
        #expect(String(decoding: try read.readAll(limit: 100), as: UTF8.self) == "hello\n/\n")
    }

    @Test("descriptors are mapped in order and others closed")
    func descriptorsAreMappedInOrderAndOthersClosed() async throws {
        let (read, write) = try pipe()
        let null = try OwnedFileDescriptor.open("/dev/zero", O_RDONLY)
        let child = try ChildProcess(
            .init(
                executable: "/bin/sh", arguments: ["sh", "-c", "ls /proc/self/fd; readlink /proc/$$/fd/3"],
                environment: ["PATH=/bin:/usr/bin"], descriptors: [nil, write, write, null]))
        write.close()
        #expect(try await child.exitStatus().isSuccess)
        // 4 is ls' own directory.
        #expect(String(decoding: try read.readAll(limit: 1000), as: UTF8.self) == "0\n1\n2\n3\n4\n/dev/zero\n")
    }

    @Test("a missing executable is an error")
    func missingExecutableIsAnError() throws {
        let error = #expect(throws: SystemError.self) { _ = try ChildProcess(.init(executable: "/nonexistent/program")) }
        #expect(error?.call == "execve")
        #expect(error?.errno == ENOENT)
        #expect(error?.description == "execve /nonexistent/program: No such file or directory (ENOENT)")
    }

    @Test("a wait ends at its timeout, and with the signal of a killed child")
    func killedChildAndTimeout() async throws {
        let child = try ChildProcess(.init(executable: "/bin/sleep", arguments: ["sleep", "100"]))
        let error = await #expect(throws: SystemError.self) { _ = try await child.exitStatus(timeout: .milliseconds(20)) }
        #expect(error?.code == .timedOut)
        let identity = try ProcessIdentity(of: child.pid)
        let second = try identity.open()
        #expect(!second.hasExited)
        try child.signal(SIGKILL)
        async let other: Void = second.waitForExit()
        #expect(try await child.exitStatus() == .signalled(SIGKILL))
        try await other
        #expect(second.hasExited)
        #expect(!identity.exists)
        #expect(throws: SystemError.self) { _ = try identity.open() }
        let gone = #expect(throws: SystemError.self) { try second.signal(SIGTERM) }
        #expect(gone?.isNoProcess == true)
    }

    @Test("a dropped child leaves no zombie")
    func droppedChildLeavesNoZombie() async throws {
        var child: ChildProcess? = try ChildProcess(.init(executable: "/bin/sleep", arguments: ["sleep", "100"]))
        let pid = try #require(child?.pid)
        let pidFD = try PidFD(pid: pid)
        child = nil
        try await pidFD.waitForExit(timeout: .seconds(60))
        for _ in 0..<500 where FileStatus.exists("/proc/\(pid)") { usleep(2000) }
        #expect(!FileStatus.exists("/proc/\(pid)"))
    }

    @Test("a foreign start time is refused")
    func aForeignStartTimeIsRefused() throws {
        let real = try ProcessIdentity(of: getpid())
        #expect(try real.open().pid == getpid())
        let other = ProcessIdentity(pid: real.pid, startTime: real.startTime + 1)
        let error = #expect(throws: SystemError.self) { _ = try other.open() }
        #expect(error?.isNoProcess == true)
    }

    @Test(
        "start time of stat line",
        arguments: [
            ("1 (a) S 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 77 0", UInt64(77)),
            ("1 (a) b (c)) S 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 78 0", 78),
            ("1 (a) S 2 3", nil), ("", nil),
        ]) func startTimeOfStatLine(line: String, expected: UInt64?)
    {
        #expect(ProcessIdentity.startTime(inStat: line) == expected)
    }

    @Test(
        "a child starts inside its cgroup",
        .enabled(if: isRoot && FileStatus.exists("/sys/fs/cgroup/unified/cgroup.procs"), "needs root and a cgroup2 mount"))
    func childStartsInsideItsCgroup() async throws {
        let cgroup = "/sys/fs/cgroup/unified/swiftlet-test-spawn-\(getpid())"
        try Directories.make(cgroup)
        defer { rmdir(cgroup) }
        let (read, write) = try pipe()
        let child = try ChildProcess(
            .init(
                executable: "/bin/sh", arguments: ["sh", "-c", "grep ^0:: /proc/self/cgroup"], environment: ["PATH=/bin:/usr/bin"],
                descriptors: [nil, write, nil], cgroup: cgroup))
        write.close()
        #expect(try await child.exitStatus().isSuccess)
        #expect(String(decoding: try read.readAll(limit: 1000), as: UTF8.self).hasSuffix("/swiftlet-test-spawn-\(getpid())\n"))
    }

    private func pipe() throws -> (OwnedFileDescriptor, OwnedFileDescriptor) {
        var ends: [Int32] = [-1, -1]
        try systemCall("pipe2") { Glibc.pipe(&ends) }
        return (OwnedFileDescriptor(ends[0]), OwnedFileDescriptor(ends[1]))
    }
}

extension FileStatus {
    static func exists(_ path: String) -> Bool { (try? FileStatus.ifPresent(path)).flatMap { $0 } != nil }
}
