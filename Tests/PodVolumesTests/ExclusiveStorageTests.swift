import LinuxSystem
import PodCore
import PodVolumes
import TestSupport
import Testing

@Suite("Storage for one pod at a time", .enabled(if: isRoot, "needs root")) struct ExclusiveStorageTests {
    private let fixture: StorageFixture
    private let disk: String

    init() throws {
        fixture = try StorageFixture()
        disk = fixture.folder.sub("disk")
        try Directories.make(disk)
    }

    private func mount(_ path: String? = nil, pod: String, name: String = "vol", as storage: String? = "pv") async throws -> String {
        try await fixture.mount(.hostPath(path: path ?? disk, type: "Directory"), pod: pod, name: name, exclusive: storage)
    }

    private func expectRefused(pod: String, _ place: SourceLocation = #_sourceLocation) async {
        let failure = await #expect(throws: VolumeFailure.self, sourceLocation: place) { _ = try await mount(pod: pod) }
        #expect(failure?.message == "volume uses the ReadWriteOncePod access mode and is already in use by another pod", sourceLocation: place)
        #expect(failure?.code == .waiting, sourceLocation: place)
    }

    @Test("the first pod has it until its volumes are gone, whatever becomes of the agent") func exclusive() async throws {
        _ = try await mount(pod: "uid-1")
        await expectRefused(pod: "uid-2")
        // The pod itself may ask again, and with another of its volumes.
        _ = try await mount(pod: "uid-1")
        _ = try await mount(pod: "uid-1", name: "again")
        _ = try await mount(pod: "uid-2", as: "pv-2")
        _ = try await mount(pod: "uid-2", as: nil)
        let next = PodVolumes(root: fixture.folder.sub("kubelet"), logger: .silent)
        let request = VolumeRequest(podUID: "uid-2", name: "vol", content: .hostPath(path: disk, type: ""), exclusiveStorage: "pv")
        await #expect(throws: VolumeFailure.self) { _ = try await next.mount(request) }
        try await next.tearDown(podUID: "uid-1")
        _ = try await mount(pod: "uid-2")
        await expectRefused(pod: "uid-1")
    }

    @Test("of pods that ask at the same time one gets it") func together() async throws {
        let pods = (1...8).map { "uid-\($0)" }
        let served = await withTaskGroup(of: Bool.self) { group in
            for pod in pods { group.addTask { (try? await mount(pod: pod)) != nil } }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(served == 1)
    }

    @Test("a pod whose mount fails does not keep it, unless it had it before") func failure() async throws {
        await #expect(throws: VolumeFailure.self) { _ = try await mount(disk + "/none", pod: "uid-1") }
        _ = try await mount(pod: "uid-2")
        await #expect(throws: VolumeFailure.self) { _ = try await mount(disk + "/none", pod: "uid-2") }
        await expectRefused(pod: "uid-1")
    }

    @Test("a pod whose mount may have succeeded gives it back when it turns out that it did not") func unknownOutcome() async throws {
        // Left by an agent that ended in the middle of a mount.
        let folder = fixture.folder.sub("kubelet/pods/uid-1/exclusive")
        try Directories.make(folder)
        try AtomicFile.replace(folder + "/pv", with: "")
        await expectRefused(pod: "uid-2")
        await #expect(throws: VolumeFailure.self) { _ = try await mount(disk + "/none", pod: "uid-1") }
        _ = try await mount(pod: "uid-2")
    }

    @Test("a name that is no single name is refused") func badName() async throws {
        await #expect(throws: VolumeFailure.self) { _ = try await mount(pod: "uid-1", as: "../pv") }
        #expect(!FileStatus.exists(fixture.folder.sub("kubelet/pods/uid-1")))
    }
}
