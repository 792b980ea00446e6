import LinuxSystem
import PodCore
import PodVolumes
import TestSupport
import Testing

@Suite("Paths of the node that hang", .enabled(if: SilentFileSystem.isPossible, "needs root and FUSE"), .timeLimit(.minutes(1)))
struct HangingPathTests {
    let fixture: StorageFixture

    init() throws { fixture = try StorageFixture(local: .milliseconds(50)) }

    private func failure(_ content: VolumeContent, pod: String) async -> VolumeFailure? {
        await #expect(throws: VolumeFailure.self) { _ = try await fixture.mount(content, pod: pod) }
    }

    @Test("a hostPath that hangs costs one thread, and says since when; other paths and volumes do not wait for it") func hostPath() async throws {
        let path = fixture.folder.sub("dead")
        let silent = try SilentFileSystem(at: path)
        let first = await failure(.hostPath(path: path, type: ""), pod: "uid-0")
        #expect(first?.code == .busy && first?.message.contains(path) == true, "\(first?.message ?? "")")
        for number in 1...40 {
            let next = await failure(.hostPath(path: path, type: "Directory"), pod: "uid-\(number)")
            #expect(next?.code == .busy && next?.message.contains("\(path): hangs since 20") == true, "\(next?.message ?? "")")
        }
        #expect(fixture.volumes.problem == nil)
        _ = try await fixture.mount(.hostPath(path: fixture.folder.sub("alive"), type: "DirectoryOrCreate"), pod: "uid-1", name: "alive")
        _ = try await fixture.mount(.emptyDirectory(), pod: "uid-1", name: "empty")
        try await fixture.volumes.tearDown(podUID: "uid-1")
        try Mounts.unmount(path, lazily: true, forced: true)
        try await eventually("the path is the node's own again") {
            (try? await fixture.mount(.hostPath(path: path, type: "Directory"))) == path
        }
        extendLifetime(silent)
    }

    @Test("local storage that hangs costs one thread as well") func local() async throws {
        let path = fixture.folder.sub("dead")
        let silent = try SilentFileSystem(at: path)
        defer { try? Mounts.unmount(path, lazily: true, forced: true) }
        let storage = VolumeContent.local(LocalStorage(path: path, isReadOnly: false, options: [], folder: "pv"))
        _ = await failure(storage, pod: "uid-0")
        for number in 1...12 {
            let next = await failure(storage, pod: "uid-\(number)")
            #expect(next?.message.contains("\(path): hangs since 20") == true, "\(next?.message ?? "")")
        }
        let alive = fixture.folder.sub("alive")
        try Directories.make(alive)
        _ = try await fixture.mount(.local(LocalStorage(path: alive, isReadOnly: false, options: [], folder: "pv2")), pod: "uid-20")
        extendLifetime(silent)
    }

    @Test("when hanging paths have all threads, the problem names the pool and the paths") func allThreads() async throws {
        let path = fixture.folder.sub("dead")
        let silent = try SilentFileSystem(at: path)
        for number in 0..<16 {
            _ = await failure(.hostPath(path: "\(path)/\(number)", type: ""), pod: "uid-\(number)")
            #expect((fixture.volumes.problem == nil) == (number < 15))
        }
        let problem = fixture.volumes.problem ?? ""
        #expect(problem.contains("all 16 threads of the pool volume-paths hang") && problem.contains("\(path)/0 since 20"), "\(problem)")
        try Mounts.unmount(path, lazily: true, forced: true)
        try await eventually("threads are free again") { fixture.volumes.problem == nil }
        extendLifetime(silent)
    }
}
