import KubeModel
import Testing

@testable import NodeAgent

@Suite struct PodStartTests {
    private func status(_ phase: PodPhase, running: Int = 0, waiting: Int = 0, initial: [(Int64, Int64)] = []) -> PodStatus {
        var status = PodStatus(phase: phase)
        status.containerStatuses =
            (0..<running).map { ContainerStatus(name: "r\($0)", image: "i", state: .running(since: at(20))) }
            + (0..<waiting).map { ContainerStatus(name: "w\($0)", image: "i", state: .waiting(reason: "ContainerCreating")) }
        status.initContainerStatuses = initial.map { from, to in
            ContainerStatus(
                name: "i\(from)", image: "i", state: .terminated(.init(exitCode: 0, reason: "Completed", startedAt: at(from), finishedAt: at(to))))
        }
        return status
    }

    private func at(_ seconds: Int64) -> Timestamp { Timestamp(seconds: 1_800_000_000 + seconds) }

    @Test("pulls and init containers do not count towards the service level, and overlapping spans count once")
    func spans() {
        var start = PodStart(arrived: at(2), isNew: true)
        start.imageWanted("a", at: at(3))
        start.imageWanted("b", at: at(4))
        start.imageSettled("a", at: at(6))
        start.imageSettled("b", at: at(8))
        #expect(start.receive(status(.pending, waiting: 2), created: at(0), at: at(8)) == .init())
        // 3 to 8 are pulls, 7 to 12 an init container.
        let found = start.receive(status(.running, running: 2, initial: [(7, 12)]), created: at(0), at: at(20))
        #expect(found == .init(running: 18, total: 20, serviceLevel: 11))
        #expect(start.receive(status(.running, running: 2), created: at(0), at: at(30)) == .init())
    }

    @Test("a pod runs when its first container does, and has started when all have")
    func partly() {
        var start = PodStart(arrived: at(1), isNew: true)
        #expect(start.receive(status(.running, running: 1, waiting: 1), created: at(0), at: at(5)) == .init(running: 4))
        #expect(start.receive(status(.running, running: 2), created: at(0), at: at(9)) == .init(total: 9, serviceLevel: 9))
    }

    @Test("a pod that an earlier agent has shown, or that was over at once, has no start")
    func noStart() {
        var known = PodStart(arrived: at(1), isNew: false)
        #expect(known.receive(status(.running, running: 1), created: at(0), at: at(5)) == .init())
        var over = PodStart(arrived: at(1), isNew: true)
        #expect(over.receive(status(.succeeded), created: at(0), at: at(5)) == .init())
        #expect(over.receive(status(.running, running: 1), created: at(0), at: at(6)) == .init())
    }
}
