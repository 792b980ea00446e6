import KubeModel
import PodCore
import Synchronization
import TestSupport
import Testing

@testable import KubeClient
@testable import NodeAgent

@Suite("Shutdown of the machine", .timeLimit(.minutes(1)))
struct NodeShutdownTests {
    private let time = ManualTime()
    private let readiness = NodeReadiness()
    private let journal = Journal<String>()
    private let eventAPI = FakeEventAPI()
    private let recorder: EventRecorder

    init() {
        recorder = EventRecorder(api: eventAPI, nodeName: "node-1", time: time, logger: .silent)
        readiness.report("network", problem: nil)
    }

    private func pod(_ name: String, priority: Int) -> Pod {
        NodeBench.pod(uid: name) { pod in
            pod.metadata.name = name
            pod.spec.priority = priority
        }
    }

    private func shutdown(_ plan: ShutdownPlan, _ delay: FakeDelay, endsInTime: Bool = true) -> NodeShutdown {
        let pods = FakePods([pod("a", priority: 0), pod("b", priority: PodSpec.criticalPriority)], journal: journal, endsInTime: endsInTime)
        return NodeShutdown(
            plan: plan, delay: delay, pods: pods, readiness: readiness, events: recorder, nodeName: "node-1", time: time, logger: .silent)
    }

    @Test("pods end by priority, each group with its own time, before the shutdown goes on", arguments: [true, false])
    func order(endsInTime: Bool) async throws {
        let delay = FakeDelay(journal, announcements: [true])
        try await whileRunning({ await shutdown(ShutdownPlan(total: 30, critical: 10), delay, endsInTime: endsInTime).run() }) {
            await journal.wait { $0.last == "given back" }
            #expect(
                journal.entries == [
                    "follow 30.0 seconds", "evict a Terminated 20", "await a 20.0 seconds", "evict b Terminated 10", "await b 10.0 seconds",
                    "given back",
                ])
            #expect(readiness.isShuttingDown && readiness.problem == "node is shutting down")
        }
    }

    @Test("a shutdown that is called off leaves a ready node") func cancelled() async throws {
        let delay = FakeDelay(journal, announcements: [true, false])
        try await whileRunning({ await recorder.run() }) {
            try await whileRunning({ await shutdown(ShutdownPlan(total: 30, critical: 10), delay).run() }) {
                await eventAPI.calls.wait { $0.count { $0.text == "create Shutdown" } == 2 }
                #expect(!readiness.isShuttingDown && readiness.problem == nil)
            }
        }
    }

    @Test("a service manager that does not answer is asked again") func unreachable() async throws {
        let delay = FakeDelay(journal, failures: 2, announcements: [])
        try await whileRunning({ await shutdown(ShutdownPlan(total: 30, critical: 10), delay).run() }) {
            for second in 1...2 {
                await time.waitForSleeper(until: .seconds(second))
                time.advance(by: .seconds(1))
            }
            await journal.wait(count: 3)
        }
    }

    @Test("without a time nothing is delayed") func off() async throws {
        await shutdown(ShutdownPlan([]), FakeDelay(journal, announcements: [true])).run()
        #expect(journal.entries.isEmpty)
    }
}

private final class FakeDelay: ShutdownDelay {
    private struct Unreachable: Error {}

    private let journal: Journal<String>
    private let failures: Mutex<Int>
    private let announcements: [Bool]
    private let forever = Journal<Void>()

    init(_ journal: Journal<String>, failures: Int = 0, announcements: [Bool]) {
        self.journal = journal
        self.failures = Mutex(failures)
        self.announcements = announcements
    }

    func follow(longest: Duration, announce: @Sendable (ShutdownAnnouncement) async -> Void) async throws {
        journal.note("follow \(longest)")
        let fails = failures.withLock { left in
            defer { left -= 1 }
            return left > 0
        }
        if fails { throw Unreachable() }
        for begins in announcements {
            await announce(ShutdownAnnouncement(begins: begins) { [journal] in journal.note("given back") })
        }
        await forever.wait(count: 1)
    }
}

private struct FakePods: EvictablePods {
    private let pods: [Pod]
    private let journal: Journal<String>
    private let endsInTime: Bool

    init(_ pods: [Pod], journal: Journal<String>, endsInTime: Bool) {
        self.pods = pods
        self.journal = journal
        self.endsInTime = endsInTime
    }

    func podsWithPlaces() async -> [Pod] { pods }
    func place(of uid: String) async -> PodPlace? { nil }

    func evict(_ uid: String, _ eviction: PodEviction) async -> Bool {
        journal.note("evict \(uid) \(eviction.reason) \(eviction.graceLimit ?? -1)")
        return true
    }

    func awaitEnd(of uids: Set<String>, until deadline: Duration) async -> Bool {
        journal.note("await \(uids.sorted().joined(separator: " ")) \(deadline)")
        return endsInTime
    }
}
