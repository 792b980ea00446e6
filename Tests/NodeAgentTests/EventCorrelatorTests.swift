import KubeModel
import PodCore
import Testing
import Timing

@testable import NodeAgent

@Suite("Event correlator")
struct EventCorrelatorTests {
    /// One recorded event, as a row of a table.
    struct Recorded: Sendable {
        var second = 0
        var reason = "BackOff"
        var message = "m"
        var kind = PodEventRecord.Kind.warning
        var uid = "1"
        var fieldPath: String?

        var event: RecordedEvent {
            RecordedEvent(
                object: ObjectReference(kind: "Pod", namespace: "shop", name: "web", uid: uid, fieldPath: fieldPath), namespace: "shop",
                record: PodEventRecord(kind, reason, message, fieldPath: fieldPath),
                moment: Moment(wall: Timestamp(seconds: 1_800_000_000 + Int64(second)), monotonic: .seconds(second)))
        }
    }

    private static func outcomes(_ recorded: [Recorded]) -> [EventCorrelator.Outcome] {
        var correlator = EventCorrelator(source: EventSource(component: "kubelet", host: "node-1"))
        return recorded.map { correlator.correlate($0.event) }
    }

    private static func texts(_ recorded: [Recorded]) -> [String] {
        outcomes(recorded).map { outcome in
            switch outcome {
            case .create(let event): "create \(event.message)"
            case .update(let event): "\(event.count ?? 0) \(event.message)"
            case .drop: "drop"
            }
        }
    }

    @Test(
        "an event counts up only if source, object, container, type, reason and message are equal",
        arguments: [
            (Recorded(), "2 m"), (Recorded(second: 100_000), "2 m"), (Recorded(reason: "Failed"), "create m"), (Recorded(message: "n"), "create n"),
            (Recorded(kind: .normal), "create m"), (Recorded(uid: "2"), "create m"), (Recorded(fieldPath: "spec.containers{a}"), "create m"),
        ])
    func onlyEqualEventsCountUp(second: Recorded, wanted: String) {
        #expect(Self.texts([Recorded(), second]) == ["create m", wanted])
    }

    @Test("an update has the first event's name and time, and the last event's time")
    func updatesKeepNameAndFirstTime() {
        let outcomes = Self.outcomes([Recorded(), Recorded(second: 10)])
        guard case .create(let first) = outcomes[0], case .update(let second) = outcomes[1] else { return #expect(Bool(false), "\(outcomes)") }
        #expect(second.metadata.name == first.metadata.name)
        #expect(second.firstTimestamp == first.firstTimestamp)
        #expect(second.lastTimestamp == Timestamp(seconds: 1_800_000_010))
    }

    @Test("the tenth message of similar events and all later new ones are combined into one event")
    func similarEventsAreCombined() {
        let recorded = (1...12).map { Recorded(message: "\($0)") } + [Recorded(message: "3")]
        let wanted =
            (1...9).map { "create \($0)" }
            + ["create (combined from similar events): 10", "2 (combined from similar events): 11", "3 (combined from similar events): 12", "2 3"]
        #expect(Self.texts(recorded) == wanted)
    }

    @Test("similar events are combined whatever their container")
    func containersDoNotSeparateSimilarEvents() {
        let recorded = (1...10).map { Recorded(message: "\($0)", fieldPath: "spec.containers{\($0)}") }
        #expect(Self.texts(recorded).last == "create (combined from similar events): 10")
    }

    @Test("events are similar only within ten minutes of the one before", arguments: [(600, true), (601, false)])
    func similarityEnds(pause: Int, isCombined: Bool) {
        let recorded = (1...9).map { Recorded(message: "\($0)") } + [Recorded(second: pause, message: "10")]
        #expect(Self.texts(recorded).last == (isCombined ? "create (combined from similar events): 10" : "create 10"))
    }

    @Test(
        "events of other reasons, types or objects are not similar",
        arguments: [Recorded(reason: "Failed"), Recorded(kind: .normal), Recorded(uid: "2")])
    func otherEventsAreNotSimilar(other: Recorded) {
        #expect(Self.texts((1...9).map { Recorded(message: "\($0)") } + [other]).last == "create m")
    }

    @Test("an object has 25 events, then one in five minutes, which shows the count of all")
    func anObjectHasABudget() {
        let recorded = (0..<27).map { _ in Recorded() } + [Recorded(second: 299), Recorded(second: 300), Recorded(second: 301)]
        #expect(Self.texts(recorded).suffix(6) == ["25 m", "drop", "drop", "drop", "29 m", "drop"])
    }

    @Test("warnings, normal events and other objects have budgets of their own", arguments: [Recorded(kind: .normal), Recorded(uid: "2")])
    func budgetsAreSeparate(other: Recorded) {
        #expect(Self.texts((0..<26).map { _ in Recorded() } + [other]).suffix(2) == ["drop", "create m"])
    }

    @Test("the same object's other reasons share its budget")
    func reasonsShareTheBudget() {
        #expect(Self.texts((0..<25).map { _ in Recorded() } + [Recorded(reason: "Failed")]).last == "drop")
    }

    @Test("events of 4096 series are remembered, those used last")
    func theMemoryIsBounded() {
        let many = (1...4096).map { Recorded(uid: "\($0)") }
        // The first series is used again, so the second is the oldest when another one comes.
        let texts = Self.texts(many + [Recorded(uid: "1"), Recorded(uid: "new"), Recorded(uid: "1"), Recorded(uid: "2")])
        #expect(texts.suffix(4) == ["2 m", "create m", "3 m", "create m"])
    }

    @Test("a loss is reported once in ten minutes for each reason")
    func lossesAreReportedNowAndThen() {
        var losses = EventLosses()
        #expect(losses.note(.rejected, at: .zero) == true)
        #expect(losses.note(.rejected, at: .seconds(599)) == false)
        #expect(losses.note(.queueFull, at: .seconds(599)) == true)
        #expect(losses.note(.rejected, at: .seconds(600)) == true)
        #expect(losses.counts == [.rejected: 3, .queueFull: 1])
    }
}
