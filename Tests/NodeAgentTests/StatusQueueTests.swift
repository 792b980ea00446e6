import KubeModel
import TestSupport
import Testing

@testable import NodeAgent

@Suite("Status queue")
struct StatusQueueTests {
    private static let start = PodStatus.of(.pending, .waiting(reason: "ContainerCreating"))
    private static let running = PodStatus.of(.running, .running(since: Timestamp(seconds: 1)), isReady: true, podIP: "10.0.0.7")
    private static let ended = PodStatus.of(.running, .terminated(.init(exitCode: 0, reason: "Completed")), podIP: "10.0.0.7")
    private static let succeeded = PodStatus.of(.succeeded, .terminated(.init(exitCode: 0, reason: "Completed")), podIP: "10.0.0.7")

    /// A queue after the first status has been written at time zero.
    private static func queue(after written: PodStatus) -> StatusQueue {
        var queue = StatusQueue()
        queue.add(written, deletes: false, at: .zero)
        _ = queue.next(at: StatusQueue.joinDelay)
        queue.accept(version: ObjectVersion("5"))
        queue.finish()
        return queue
    }

    private static func changed(_ status: PodStatus, _ change: (inout PodStatus) -> Void) -> PodStatus {
        var status = status
        change(&status)
        return status
    }

    private static func condition(_ type: String, of status: PodStatus, _ value: Bool, reason: String? = nil) -> PodStatus {
        changed(status) {
            $0.conditions = ($0.conditions ?? []).filter { $0.type != type } + [PodCondition(type: type, status: value, reason: reason)]
        }
    }

    @Test(
        "only a change that no client waits for is held back",
        arguments: [
            ("PodReadyToStartContainers", start, condition("PodReadyToStartContainers", of: start, true), true),
            ("observedGeneration", running, changed(running) { $0.observedGeneration = 2 }, true),
            ("message of a waiting container", start, changed(start) { $0.containerStatuses?[0].state.waiting?.message = "x" }, true),
            ("the address of a pod in which nothing runs", start, changed(start) { $0.podIPs = [AddressEntry(ip: "10.0.0.7")] }, true),
            ("phase", ended, succeeded, false),
            ("reason", running, changed(running) { $0.reason = "Evicted" }, false),
            ("container state", running, ended, false),
            ("waiting reason", start, changed(start) { $0.containerStatuses?[0].state.waiting?.reason = "ErrImagePull" }, false),
            ("exit code", ended, changed(ended) { $0.containerStatuses?[0].state.terminated?.exitCode = 1 }, false),
            ("restart count", running, changed(running) { $0.containerStatuses?[0].restartCount = 1 }, false),
            ("ready", running, changed(running) { $0.containerStatuses?[0].ready = false }, false),
            ("started", running, changed(running) { $0.containerStatuses?[0].started = true }, false),
            ("address", running, changed(running) { $0.podIPs?[0].ip = "10.0.0.8" }, false),
            ("Ready", running, condition("Ready", of: running, true), false),
            ("reason of Ready", condition("Ready", of: running, false), condition("Ready", of: running, false, reason: "PodFailed"), false),
            ("ContainersReady", running, condition("ContainersReady", of: running, true), false),
            ("Initialized", running, condition("Initialized", of: running, true), false),
        ])
    func onlyOtherChangesWait(what: String, written: PodStatus, next: PodStatus, waits: Bool) {
        var queue = Self.queue(after: written)
        queue.add(next, deletes: false, at: .seconds(1))
        switch queue.next(at: .seconds(1)) {
        case .write(let report, let patches): #expect(!waits && patches && report.status == next, "\(what)")
        case .wait(let due): #expect(waits && due == .seconds(1) + StatusQueue.joinDelay, "\(what)")
        case .none: Issue.record("\(what): nothing to write")
        }
    }

    @Test("the delay counts from the first change, and ends with the write")
    func theDelayCountsFromTheFirstChange() {
        var queue = Self.queue(after: Self.start)
        let ready = Self.condition("PodReadyToStartContainers", of: Self.start, true)
        queue.add(ready, deletes: false, at: .seconds(1))
        queue.add(Self.changed(ready) { $0.observedGeneration = 2 }, deletes: false, at: .milliseconds(1200))
        #expect(queue.next(at: .milliseconds(1249)).due == .milliseconds(1250))
        #expect(queue.next(at: .milliseconds(1250)).written?.observedGeneration == 2)
    }

    @Test("the first status of a pod whose containers are being created gives way to the next one")
    func theFirstStatusGivesWay() {
        var queue = StatusQueue()
        queue.add(Self.start, deletes: false, at: .zero)
        #expect(queue.next(at: .zero).due == StatusQueue.joinDelay)
        queue.add(Self.running, deletes: false, at: .milliseconds(40))
        #expect(queue.next(at: .milliseconds(40)).written == Self.running)
        #expect(queue.waiting.isEmpty)
    }

    @Test("the first status is written when nothing follows, and before anything that follows later")
    func theFirstStatusIsWrittenInTheEnd() {
        var queue = StatusQueue()
        queue.add(Self.start, deletes: false, at: .zero)
        queue.add(Self.running, deletes: false, at: StatusQueue.joinDelay)
        #expect(queue.next(at: StatusQueue.joinDelay).written == Self.start)
        var failing = StatusQueue()
        failing.add(Self.changed(Self.start) { $0.containerStatuses?[0].state.waiting?.reason = "ErrImagePull" }, deletes: false, at: .zero)
        #expect(failing.next(at: .zero).written != nil)
    }

    @Test("a status that asks for the deletion goes at once")
    func deletionsGoAtOnce() {
        var queue = Self.queue(after: Self.succeeded)
        let final = Self.changed(Self.succeeded) { $0.observedGeneration = 2 }
        queue.add(final, deletes: false, at: .seconds(1))
        queue.add(final, deletes: true, at: .seconds(1))
        guard case .write(let report, patches: true) = queue.next(at: .seconds(1)) else { return #expect(Bool(false), "not written") }
        #expect(report.deletes && report.status == final)
    }

    @Test("what the API server already has is not written again", arguments: [false, true])
    func nothingIsWrittenTwice(deletes: Bool) {
        var queue = Self.queue(after: Self.succeeded)
        queue.add(Self.succeeded, deletes: deletes, at: .seconds(1))
        switch queue.next(at: .seconds(1)) {
        case .write(_, let patches): #expect(deletes && !patches)
        case .wait, .none: #expect(!deletes)
        }
    }

    @Test("a status between two others is skipped only if both together show all of it")
    func aStatusIsSkippedOnlyIfItsNeighboursShowIt() {
        let addressed = Self.changed(Self.condition("PodReadyToStartContainers", of: Self.start, true)) { $0.podIPs = Self.running.podIPs }
        #expect(Self.written([Self.start, addressed, Self.running]) == [Self.start, Self.running])
        // The container's end is in the last one, the phase in the first.
        #expect(Self.written([Self.running, Self.ended, Self.succeeded]) == [Self.running, Self.succeeded])
        #expect(Self.written([Self.start, Self.running, Self.succeeded]) == [Self.start, Self.running, Self.succeeded])
        let unready = Self.changed(Self.running) { $0.containerStatuses?[0].ready = false }
        #expect(Self.written([Self.running, unready, Self.running]) == [Self.running, unready, Self.running])
    }

    /// The statuses that are written when all others come while the first is under way.
    private static func written(_ statuses: [PodStatus]) -> [PodStatus] {
        var queue = StatusQueue()
        var written: [PodStatus] = []
        queue.add(statuses[0], deletes: false, at: .zero)
        var next = queue.next(at: StatusQueue.joinDelay)
        for status in statuses.dropFirst() { queue.add(status, deletes: false, at: .zero) }
        while let status = next.written {
            written.append(status)
            queue.accept(version: ObjectVersion("5"))
            queue.finish()
            next = queue.next(at: .seconds(60))
        }
        return written
    }

    @Test("once another client has set the phase, no earlier status is written, also none whose write failed")
    func forced() {
        var queue = StatusQueue()
        queue.add(Self.start, deletes: false, at: .zero)
        _ = queue.next(at: .zero)
        queue.add(Self.running, deletes: false, at: .zero)
        queue.add(Self.succeeded, deletes: false, isForced: true, at: .zero)
        queue.fail(at: .zero)
        #expect(queue.waiting.map(\.status) == [Self.succeeded])
    }

    @Test("a pause after a failure holds back every status and doubles")
    func failuresPause() {
        var queue = Self.queue(after: Self.start)
        queue.add(Self.running, deletes: false, at: .zero)
        for (now, due) in [(Duration.zero, Duration.milliseconds(500)), (.milliseconds(500), .milliseconds(1500))] {
            #expect(queue.next(at: now).written == Self.running)
            queue.fail(at: now)
            #expect(queue.next(at: now).due == due)
        }
        queue.add(Self.ended, deletes: true, at: .milliseconds(600))
        #expect(queue.next(at: .milliseconds(600)).due == .milliseconds(1500))
        #expect(queue.failures == 2)
    }

    @Test("after an outage only the latest status is written, with the deletion that any of them asked for", arguments: [2, 3, 8])
    func onlyTheLatestAfterAnOutage(failures: Int) {
        var queue = Self.queue(after: Self.start)
        queue.add(Self.running, deletes: false, at: .zero)
        for number in 0..<failures {
            _ = queue.next(at: .seconds(60 * number))
            queue.fail(at: .seconds(60 * number))
        }
        queue.add(Self.ended, deletes: true, at: .zero)
        queue.add(Self.running, deletes: false, at: .zero)
        let isOutage = failures >= 3
        #expect(queue.waiting.map(\.status) == (isOutage ? [Self.running] : [Self.running, Self.ended, Self.running]))
        #expect(queue.waiting.contains { $0.deletes })
    }

    /// The rule behind all others: however long calls take, and as long as the API server is not away, a client that watches one part of the status sees the same
    /// values in the same order as if every status had been written.
    @Test("no value of any part is lost or reordered, and the last status is written", arguments: 0..<200 as Range<UInt64>)
    func noValueIsLost(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var queue = StatusQueue()
        var (now, submitted, written): (Duration, [PodStatus], [PodStatus]) = (.zero, [], [])
        var underWay: PodStatus?
        for step in 0..<80 {
            now += .milliseconds(Int.random(in: 0..<200, using: &random))
            if step < 60, queue.waiting.count < 7, underWay == nil || random.oneIn(4) {
                let status = Self.random(&random)
                submitted.append(status)
                queue.add(status, deletes: false, at: now)
            }
            if let status = underWay, random.oneIn(2) {
                if random.oneIn(4), queue.failures < 2 {
                    queue.fail(at: now)
                } else {
                    written.append(status)
                    queue.accept(version: ObjectVersion("5"))
                    queue.finish()
                }
                underWay = nil
            }
            if underWay == nil { underWay = queue.next(at: now).written }
        }
        if let underWay {
            written.append(underWay)
            queue.accept(version: ObjectVersion("5"))
            queue.finish()
        }
        while let status = queue.next(at: now + .seconds(60)).written {
            written.append(status)
            queue.accept(version: ObjectVersion("5"))
            queue.finish()
        }
        #expect(written.last == submitted.last)
        for part in Self.parts { #expect(Self.changes(of: part, in: written) == Self.changes(of: part, in: submitted)) }
    }

    private static let parts: [@Sendable (PodStatus) -> String] = [
        { $0.phase?.rawValue ?? "" }, { "\($0.containerStatuses?.first?.state.running != nil)" },
        { "\($0.containerStatuses?.first?.ready ?? false)" },
        { "\($0.containerStatuses?.first?.restartCount ?? 0)" },
    ]

    private static func changes(of part: (PodStatus) -> String, in statuses: [PodStatus]) -> [String] {
        statuses.map(part).reduce(into: []) { if $0.last != $1 { $0.append($1) } }
    }

    private static let notReady = changed(running) { $0.containerStatuses?[0].ready = false }

    @Test(
        "a status that another client has changed is written again, an echo is not",
        arguments: [("6", true), ("1000", true), ("5", false), ("4", false)])
    func restored(version: String, isWritten: Bool) throws {
        var queue = Self.queue(after: Self.running)
        queue.see(Self.notReady, version: try #require(ObjectVersion(version)), insteadOf: Self.running)
        #expect((queue.next(at: .seconds(1)).written == Self.running) == isWritten)
    }

    @Test(
        "what is seen while a status is being written is judged by the version of the answer",
        arguments: [("6", false), ("7", false), ("8", true)])
    func restoredAfterAWrite(version: String, isWritten: Bool) throws {
        var queue = Self.queue(after: Self.start)
        queue.add(Self.running, deletes: false, at: .seconds(1))
        #expect(queue.next(at: .seconds(1)).written == Self.running)
        queue.see(Self.notReady, version: try #require(ObjectVersion(version)), insteadOf: Self.running)
        guard case .none = queue.next(at: .seconds(1)) else { return #expect(Bool(false), "two writes at once") }
        queue.accept(version: ObjectVersion("7"))
        queue.finish()
        #expect((queue.next(at: .seconds(1)).written == Self.running) == isWritten)
    }

    @Test("a client that does not give way costs a write in ten seconds, and no other status waits for that")
    func twoWritersThatDisagree() throws {
        var queue = Self.queue(after: Self.running)
        func disagree(_ version: String) throws {
            queue.see(Self.notReady, version: try #require(ObjectVersion(version)), insteadOf: Self.running)
        }
        try disagree("6")
        #expect(queue.next(at: .seconds(1)).written == Self.running)
        queue.accept(version: ObjectVersion("7"))
        queue.finish()
        try disagree("8")
        #expect(queue.next(at: .seconds(2)).due == .seconds(11))
        queue.add(Self.ended, deletes: false, at: .seconds(3))
        #expect(queue.next(at: .seconds(3)).written == Self.ended)
    }

    private static func random(_ random: inout SeededGenerator) -> PodStatus {
        var status = random.oneIn(2) ? running : ended
        status.phase = random.oneIn(3) ? .pending : .running
        status.containerStatuses?[0].ready = random.oneIn(2)
        status.containerStatuses?[0].restartCount = Int.random(in: 0..<2, using: &random)
        status.observedGeneration = Int64.random(in: 0..<3, using: &random)
        return status
    }
}

extension PodStatus {
    fileprivate static func of(_ phase: PodPhase, _ state: ContainerState, isReady: Bool = false, podIP: String? = nil) -> PodStatus {
        var container = ContainerStatus(name: "main", image: "app", state: state)
        container.ready = isReady
        var status = PodStatus(phase: phase)
        status.containerStatuses = [container]
        status.podIPs = podIP.map { [AddressEntry(ip: $0)] }
        return status
    }
}

extension StatusQueue.Step {
    fileprivate var written: PodStatus? {
        if case .write(let report, _) = self { report.status } else { nil }
    }

    fileprivate var due: Duration? {
        if case .wait(let due) = self { due } else { nil }
    }
}
