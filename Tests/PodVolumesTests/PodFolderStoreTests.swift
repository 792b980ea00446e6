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

    @Test(
        "of a long termination message the end is kept, in whole characters",
        arguments: [
            ("short", 8, "short"), ("exactly8", 8, "exactly8"), ("0123456789", 8, "23456789"), ("", 8, ""), ("éééé", 5, "éé"), ("x€€", 4, "€"),
        ])
    func terminationMessage(written: String, limit: Int, read: String) async throws {
        let path = try await folders.makeTerminationMessageFile(podUID: pod.uid, container: "c", containerID: "1")
        try write(Array(written.utf8), to: path)
        #expect(await folders.terminationMessage(at: path, limit: limit) == read)
    }

    @Test("the pods with logs are named, and nothing else that lies there")
    func podsWithLogs() async throws {
        #expect(try await folders.podsWithLogs() == [])
        _ = try await folders.logPath(of: pod, container: "c", restartCount: 0)
        for name in ["a_b", "a_b_c_d", "_b_c", "lost+found"] { try Directories.make("\(fixture.root)/log/pods/\(name)") }
        try write([], to: "\(fixture.root)/log/pods/a_file_here")
        #expect(try await folders.podsWithLogs() == [pod])
    }

    @Test("the last log is the one with the highest number, rotated or not")
    func lastLog() async throws {
        #expect(await folders.lastLog(of: pod, container: "c") == nil)
        let path = try await folders.logPath(of: pod, container: "c", restartCount: 9)
        #expect(await folders.lastLog(of: pod, container: "c") == nil)
        try write([], to: path)
        try write([], to: path.replacing("/9.log", with: "/10.log.20260101-000000.gz"))
        #expect(await folders.lastLog(of: pod, container: "c") == 10)
        await folders.removeLogs(of: pod, container: "c", upTo: 10)
        #expect(await folders.lastLog(of: pod, container: "c") == nil)
    }
}
