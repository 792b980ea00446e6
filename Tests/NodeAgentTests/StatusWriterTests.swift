import KubeClient
import KubeModel
import PodCore
import TestSupport
import Testing
import Timing

@testable import NodeAgent

@Suite("Status writer", .timeLimit(.minutes(1)))
struct StatusWriterTests {
    private let time = ManualTime()
    private let web = PodIdentity(namespace: "default", name: "web", uid: "1")

    private func status(_ phase: PodPhase, _ message: String? = nil) -> PodStatus {
        var status = PodStatus(phase: phase)
        status.message = message
        return status
    }

    @Test("every phase is written, and of statuses with one phase only the newest")
    func showsEveryPhaseAndOtherwiseOnlyTheNewest() async throws {
        let api = FakePodStatusAPI(turnstile: Turnstile(permits: 0))
        let writer = StatusWriter(api: api, time: time, logger: .silent)
        try await whileRunning(writer.run) {
            writer.submit(status(.pending), of: web, deletes: false)
            await api.calls.wait(count: 1)
            writer.submit(status(.pending, "a"), of: web, deletes: false)
            writer.submit(status(.running, "b"), of: web, deletes: false)
            writer.submit(status(.running, "c"), of: web, deletes: false)
            writer.submit(status(.succeeded), of: web, deletes: false)
            // Another pod does not wait for this one.
            writer.submit(status(.running), of: PodIdentity(namespace: "default", name: "db", uid: "2"), deletes: false)
            #expect(await api.calls.wait(count: 2) == ["patch web Pending -", "patch db Running -"])
            api.turnstile.open()
            let calls = await api.calls.wait(count: 4)
            #expect(calls.filter { $0.contains("web") } == ["patch web Pending -", "patch web Running c", "patch web Succeeded -"])
            #expect(api.mostAtOnce == 1)
        }
    }

    @Test("a failed write is tried again with the newest status")
    func triesAgainWithTheNewest() async throws {
        let api = FakePodStatusAPI(failing: [.unavailable, .unavailable])
        let writer = StatusWriter(api: api, time: time, logger: .silent)
        try await whileRunning(writer.run) {
            writer.submit(status(.running, "old"), of: web, deletes: false)
            await time.waitForSleeper(until: .milliseconds(500))
            time.advance(by: .milliseconds(500))
            // The second pause is twice as long.
            await time.waitForSleeper(until: .milliseconds(1500))
            writer.submit(status(.running, "new"), of: web, deletes: false)
            writer.submit(status(.failed), of: web, deletes: false)
            time.advance(by: .seconds(1))
            #expect(
                await api.calls.wait(count: 4) == ["patch web Running old", "patch web Running old", "patch web Running new", "patch web Failed -"])
        }
    }

    @Test("a phase whose write failed is not skipped")
    func aFailedPhaseIsNotSkipped() async throws {
        let api = FakePodStatusAPI(failing: [.unavailable])
        let writer = StatusWriter(api: api, time: time, logger: .silent)
        try await whileRunning(writer.run) {
            writer.submit(status(.running), of: web, deletes: false)
            await time.waitForSleeper(until: .milliseconds(500))
            writer.submit(status(.succeeded), of: web, deletes: false)
            time.advance(by: .milliseconds(500))
            #expect(await api.calls.wait(count: 3) == ["patch web Running -", "patch web Running -", "patch web Succeeded -"])
        }
    }

    @Test("a conflict that is not about the UID is tried again")
    func aConflictThatIsNotAboutTheUIDIsTriedAgain() async throws {
        let api = FakePodStatusAPI(failing: [.conflict])
        let writer = StatusWriter(api: api, time: time, logger: .silent)
        try await whileRunning(writer.run) {
            writer.submit(status(.running), of: web, deletes: false)
            await time.waitForSleeper(until: .milliseconds(500))
            time.advance(by: .milliseconds(500))
            #expect(await api.calls.wait(count: 2) == ["patch web Running -", "patch web Running -"])
        }
    }

    @Test("a write that cannot succeed is not repeated", arguments: [APIError.notFound, .otherUID, .invalid])
    func whatCannotSucceedIsLeftAlone(failure: APIError) async throws {
        let api = FakePodStatusAPI(failing: [failure])
        let writer = StatusWriter(api: api, time: time, logger: .silent)
        try await whileRunning(writer.run) {
            writer.submit(status(.running), of: web, deletes: true)
            await api.calls.wait(count: 1)
            writer.submit(status(.failed), of: web, deletes: false)
            // Neither a second try nor the deletion.
            #expect(await api.calls.wait(count: 2) == ["patch web Running -", "patch web Failed -"])
            #expect(time.sleeps.entries.isEmpty)
        }
    }

    @Test("the pod is deleted after its final status")
    func deletesAfterTheFinalStatus() async throws {
        let api = FakePodStatusAPI(failingDeletions: [.unavailable])
        let writer = StatusWriter(api: api, time: time, logger: .silent)
        try await whileRunning(writer.run) {
            writer.submit(status(.succeeded), of: web, deletes: true)
            await time.waitForSleeper(until: .milliseconds(500))
            #expect(api.calls.entries == ["patch web Succeeded -", "delete web 1"])
            time.advance(by: .milliseconds(500))
            // The status is there already.
            #expect(await api.calls.wait(count: 3) == ["patch web Succeeded -", "delete web 1", "delete web 1"])
        }
    }

    /// A status that replaces the one with which the deletion was asked for does not take the deletion with it.
    @Test("a later status keeps the deletion of an earlier one")
    func aLaterStatusKeepsTheDeletion() async throws {
        let api = FakePodStatusAPI(turnstile: Turnstile(permits: 0))
        let writer = StatusWriter(api: api, time: time, logger: .silent)
        try await whileRunning(writer.run) {
            writer.submit(status(.running), of: web, deletes: false)
            await api.calls.wait(count: 1)
            writer.submit(status(.succeeded), of: web, deletes: true)
            writer.submit(status(.succeeded, "late"), of: web, deletes: false)
            api.turnstile.open()
            #expect(await api.calls.wait(count: 3) == ["patch web Running -", "patch web Succeeded late", "delete web 1"])
        }
    }

    @Test("a deletion that is tried again survives a later status")
    func aRetriedDeletionIsKeptByALaterStatus() async throws {
        let api = FakePodStatusAPI(failingDeletions: [.unavailable])
        let writer = StatusWriter(api: api, time: time, logger: .silent)
        try await whileRunning(writer.run) {
            writer.submit(status(.succeeded), of: web, deletes: true)
            await time.waitForSleeper(until: .milliseconds(500))
            writer.submit(status(.succeeded, "late"), of: web, deletes: false)
            time.advance(by: .milliseconds(500))
            #expect(await api.calls.wait(count: 4).suffix(2) == ["patch web Succeeded late", "delete web 1"])
        }
    }

    @Test("nothing is written for a forgotten pod")
    func nothingIsWrittenAgainAfterThePodIsForgotten() async throws {
        let api = FakePodStatusAPI(failing: [.unavailable])
        let writer = StatusWriter(api: api, time: time, logger: .silent)
        try await whileRunning(writer.run) {
            writer.submit(status(.running), of: web, deletes: false)
            await time.waitForSleeper(until: .milliseconds(500))
            writer.forget(podUID: "1")
            writer.submit(status(.failed), of: web, deletes: false)
            time.advance(by: .milliseconds(500))
            #expect(await api.calls.wait(count: 2) == ["patch web Running -", "patch web Failed -"])
        }
    }

    @Test("a change that no client waits for is written after a delay, together with the changes until then")
    func otherChangesAreJoined() async throws {
        let api = FakePodStatusAPI()
        let writer = StatusWriter(api: api, time: time, logger: .silent)
        try await whileRunning(writer.run) {
            writer.submit(status(.running), of: web, deletes: false)
            await api.calls.wait(count: 1)
            time.advance(by: .seconds(1))
            writer.submit(status(.running, "a"), of: web, deletes: false)
            await time.waitForSleeper(until: .milliseconds(1250))
            writer.submit(status(.running, "b"), of: web, deletes: false)
            time.advance(by: .milliseconds(250))
            #expect(await api.calls.wait(count: 2) == ["patch web Running -", "patch web Running b"])
        }
    }

    @Test("the next phase takes a held change with it at once")
    func aPhaseDoesNotWait() async throws {
        let api = FakePodStatusAPI()
        let writer = StatusWriter(api: api, time: time, logger: .silent)
        try await whileRunning(writer.run) {
            writer.submit(status(.running), of: web, deletes: false)
            await api.calls.wait(count: 1)
            writer.submit(status(.running, "held"), of: web, deletes: false)
            writer.submit(status(.succeeded, "held"), of: web, deletes: false)
            // Time stands still.
            #expect(await api.calls.wait(count: 2) == ["patch web Running -", "patch web Succeeded held"])
        }
    }

    @Test("a held change of a forgotten pod is not written")
    func aHeldChangeIsForgottenWithItsPod() async throws {
        let api = FakePodStatusAPI()
        let writer = StatusWriter(api: api, time: time, logger: .silent)
        try await whileRunning(writer.run) {
            writer.submit(status(.running), of: web, deletes: false)
            await api.calls.wait(count: 1)
            writer.submit(status(.running, "held"), of: web, deletes: false)
            await time.waitForSleeper(until: StatusQueue.joinDelay)
            writer.forget(podUID: "1")
            time.advance(by: .seconds(1))
            writer.submit(status(.running), of: PodIdentity(namespace: "default", name: "db", uid: "2"), deletes: false)
            #expect(await api.calls.wait(count: 2) == ["patch web Running -", "patch db Running -"])
        }
    }
}
