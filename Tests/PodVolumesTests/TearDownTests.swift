import LinuxSystem
import PodCore
import PodVolumes
import TestSupport
import Testing

@Suite("Volumes of pods that end", .enabled(if: StorageFixture.hasHelper, "needs root and the swiftlet program"), .timeLimit(.minutes(1)))
struct TearDownTests {
    @Test("a pod's files are removed in turns, however many there are") func inTurns() async throws {
        let fixture = try StorageFixture(removal: .zero)
        let path = try await fixture.mount(.emptyDirectory())
        for number in 0..<20 { try AtomicFile.replace("\(path)/\(number)", with: "x") }
        // Every turn removes one file, so other volumes can be mounted meanwhile.
        try await fixture.volumes.tearDown(podUID: "uid-1")
        #expect(!FileStatus.exists(fixture.folder.sub("kubelet/pods/uid-1")))
    }
}
