import Glibc
import LinuxSystem
import PodCore
import PodVolumes
import Testing

@Suite("Files of pods")
struct PodFolderStoreTests {
    private let fixture: VolumesFixture
    private let folders: PodFolderStore
    private let pod = PodIdentity(namespace: "default", name: "web", uid: "uid-1")

    init() throws {
        fixture = try VolumesFixture()
        folders = PodFolderStore(root: fixture.root + "/kubelet", logs: fixture.root + "/log/pods")
    }

    private func write(_ content: [UInt8], to path: String) throws {
        try OwnedFileDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644).writeAll(content)
    }

    private func start(of pod: PodIdentity? = nil, restartCount: Int = 0, hosts: String = "") async throws -> StartFiles.Paths {
        try await folders.makeFiles(
            StartFiles(pod: pod ?? self.pod, container: "c", restartCount: restartCount, hosts: hosts, hostname: "web\n", resolvConf: "search x\n"))
    }

    @Test("files of a pod are replaced in place, so that a mount of the last one follows, and each start has an empty message")
    func files() async throws {
        let first = try await start(hosts: "1.2.3.4 web and more\n")
        try write(Array("bye".utf8), to: first.terminationMessage)
        let inode = try FileStatus(of: first.hosts).inode
        let second = try await start(restartCount: 1, hosts: "1.2.3.4 web\n")
        #expect(try SmallFile.text(second.hosts) == "1.2.3.4 web\n")
        #expect(try FileStatus(of: second.hosts).inode == inode)
        #expect(try SmallFile.text(second.hostname) == "web\n")
        #expect(try SmallFile.text(second.resolvConf) == "search x\n")
        #expect(try SmallFile.text(second.terminationMessage) == "")
        #expect(try FileStatus(of: second.terminationMessage).mode & 0o777 == 0o666)
        #expect(try FileStatus(of: second.hosts).mode & 0o777 == 0o644)
        #expect([first.log, second.log].map { $0.suffix(8) } == ["/c/0.log", "/c/1.log"])
    }

    @Test("what has not changed is not written again: programs of running containers may be reading it")
    func unchangedFiles() async throws {
        let first = try await start(hosts: "1.2.3.4 web\n")
        let paths = [first.hosts, first.hostname, first.resolvConf]
        for path in paths { try systemCall("utimes", path) { utimes(path, [timeval](repeating: timeval(tv_sec: 1000, tv_usec: 0), count: 2)) } }
        let second = try await start(restartCount: 1, hosts: "1.2.3.4 web2\n")
        #expect([second.hosts, second.hostname, second.resolvConf] == paths)
        let written = try paths.filter { try FileStatus(of: $0).modified != 1000 * 1_000_000_000 }
        #expect(written == [first.hosts])
        #expect(try SmallFile.text(second.hosts) == "1.2.3.4 web2\n")
    }

    @Test("a pod that goes takes its links along, and no other pod's")
    func links() async throws {
        let other = PodIdentity(namespace: "default", name: "web-2", uid: "uid-2")
        for each in [pod, other] {
            let log = try await start(of: each).log
            try write([], to: log)
            await folders.linkLog(at: log, of: each, container: "c", containerID: "1234")
        }
        let links = fixture.root + "/log/containers"
        #expect(try Set(DirectoryListing.names(at: links)) == ["web_default_c-1234.log", "web-2_default_c-1234.log"])
        try await folders.removeAll(of: pod)
        #expect(try DirectoryListing.names(at: links) == ["web-2_default_c-1234.log"])
    }

    @Test(
        "of a long termination message the end is kept, in whole characters",
        arguments: [
            ("short", 8, "short"), ("exactly8", 8, "exactly8"), ("0123456789", 8, "23456789"), ("", 8, ""), ("éééé", 5, "éé"), ("x€€", 4, "€"),
        ])
    func terminationMessage(written: String, limit: Int, read: String) async throws {
        let path = try await start().terminationMessage
        try write(Array(written.utf8), to: path)
        #expect(await folders.terminationMessage(at: path, limit: limit) == read)
    }

    @Test("a file of the node is read whole, and a missing one is named")
    func nodeFile() async throws {
        let path = fixture.root + "/resolv.conf"
        let error = await #expect(throws: VolumeFailure.self) { _ = try await folders.nodeFile(path) }
        #expect(error?.message.contains(path) == true)
        try write(Array("nameserver 192.0.2.53\n".utf8), to: path)
        #expect(try await folders.nodeFile(path) == "nameserver 192.0.2.53\n")
    }

    @Test("the pods with logs are named, and nothing else that lies there")
    func podsWithLogs() async throws {
        #expect(try await folders.podsWithLogs() == [])
        _ = try await start()
        for name in ["a_b", "a_b_c_d", "_b_c", "lost+found"] { try Directories.make("\(fixture.root)/log/pods/\(name)") }
        try write([], to: "\(fixture.root)/log/pods/a_file_here")
        #expect(try await folders.podsWithLogs() == [pod])
    }

    @Test("the last log is the one with the highest number, rotated or not")
    func lastLog() async throws {
        #expect(await folders.lastLog(of: pod, container: "c") == nil)
        let path = try await start(restartCount: 9).log
        #expect(await folders.lastLog(of: pod, container: "c") == nil)
        try write([], to: path)
        try write([], to: path.replacing("/9.log", with: "/10.log.20260101-000000.gz"))
        #expect(await folders.lastLog(of: pod, container: "c") == 10)
        await folders.removeLogs(of: pod, container: "c", upTo: 10)
        #expect(await folders.lastLog(of: pod, container: "c") == nil)
    }
}
