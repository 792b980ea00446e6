import KubeModel
import Testing
import Timing

@testable import PodCore

@Suite("One container of a pod")
struct ContainerRecordTests {
    private var record = ContainerRecord(name: "c", role: .regular)
    private let place: ContainerPlace

    init() throws {
        place = ContainerPlace(pod: try PodLife.pod(#"{"containers":[{"name":"c","image":"b"}]}"#), sandboxID: "s0", addresses: [])
    }

    private func moment(_ seconds: Int64) -> Moment {
        Moment(wall: Timestamp(seconds: 1_800_000_000 + seconds), monotonic: .seconds(seconds))
    }

    /// The actions that are not events for the API server.
    private mutating func decide(at seconds: Int64 = 0) -> [PodAction] {
        var decision = Decision()
        _ = record.decide(in: place, at: .seconds(seconds), into: &decision)
        return decision.actions.filter { if case .record = $0 { false } else { true } }
    }

    private mutating func receive(_ event: ContainerRecord.Event, at seconds: Int64 = 0) {
        var decision = Decision()
        record.receive(event, at: moment(seconds), into: &decision)
    }

    private mutating func run(_ id: String, at seconds: Int64 = 0) {
        #expect(decide(at: seconds) == [.ensureImage(container: "c")])
        receive(.imageReady(PodLife.image), at: seconds)
        #expect(decide(at: seconds).last == start(record.nextCount))
        receive(.started(StartedContainer(id: id, pid: 2, startedAt: moment(seconds).wall), imageID: "b", user: nil, spec: nil), at: seconds)
    }

    private func start(_ count: Int) -> PodAction {
        .startContainer(container: "c", restartCount: count, image: PodLife.image, sandboxID: "s0", addresses: [])
    }

    private mutating func exit(_ code: Int, at seconds: Int64 = 0) {
        receive(.exited(ContainerExit(startedAt: nil, finishedAt: moment(seconds).wall, exitCode: code), message: nil), at: seconds)
    }

    private var shown: WaitingReason? { record.shown?.waiting?.reason }

    @Test("an exit moves the end before it to the last state, and the container superseded twice is removed")
    mutating func ends() {
        run("a")
        exit(1)
        #expect(record.ended?.id == "a" && record.last == nil && record.restartCount == 0)
        run("b")
        #expect(record.ended == nil && record.last?.id == "a" && record.restartCount == 1)
        exit(2)
        #expect(record.ended?.exitCode == 2 && record.last?.id == "a")
        #expect(decide(at: 10) == [.ensureImage(container: "c")])
        receive(.imageReady(PodLife.image), at: 10)
        #expect(decide(at: 10) == [.removeContainer(id: "a", sandboxID: "s0"), start(2)])
    }

    @Test(
        "each failure before the start is shown by its reason and tried again after ten seconds",
        arguments: [
            (ContainerProblem.Kind.configuration, WaitingReason.createContainerConfigError), (.create, .createContainerError),
        ])
    mutating func failures(kind: ContainerProblem.Kind, reason: WaitingReason) {
        _ = decide()
        receive(.imageReady(PodLife.image))
        _ = decide()
        receive(.failed(ContainerProblem(kind, message: "no")))
        #expect(shown == reason)
        #expect(decide(at: 9).isEmpty)
        #expect(decide(at: 10) == [.ensureImage(container: "c")])
        #expect(shown == reason, "until the start")
    }

    @Test(
        "only a failed pull becomes a back-off",
        arguments: [WaitingReason.errImagePull, .registryUnavailable, .errImageNeverPull, .invalidImageName, .imageInspectError])
    mutating func imageFailures(reason: WaitingReason) {
        _ = decide()
        receive(.imageFailed(ImageProblem(reason: reason, message: "no")))
        #expect(decide().isEmpty && shown == reason)
        #expect(decide(at: 1).isEmpty)
        #expect(shown == ([.errImagePull, .registryUnavailable].contains(reason) ? .imagePullBackOff : reason))
        #expect(decide(at: 10) == [.ensureImage(container: "c")])
    }

    @Test("a start that found no sandbox is repeated after a second and shows nothing")
    mutating func sandboxGone() {
        run("a")
        exit(1)
        _ = decide()
        receive(.imageReady(PodLife.image))
        _ = decide()
        receive(.failed(ContainerProblem(.sandboxGone, message: "gone")))
        #expect(record.ended?.id == "a" && shown == nil)
        #expect(decide().isEmpty)
        #expect(decide(at: 1) == [.ensureImage(container: "c")])
    }

    @Test("events that do not fit the step change nothing")
    mutating func lateEvents() {
        let started = ContainerRecord.Event.started(StartedContainer(id: "x", pid: 1, startedAt: moment(0).wall), imageID: "b", user: nil, spec: nil)
        let before = record.step
        for event in [
            .imageReady(PodLife.image), .imageFailed(ImageProblem(reason: .errImagePull, message: "")), started,
            .failed(ContainerProblem(.create, message: "")), .signalFailed(.stop, message: ""),
        ] as [ContainerRecord.Event] {
            receive(event)
            #expect(record.step == before)
        }
        run("a")
        receive(.imageReady(PodLife.image))
        receive(started)
        #expect(record.running?.id == "a")
    }

    @Test("an init container in another sandbox forgets its end and restart back-off, but not the pause after a failure")
    mutating func forgets() {
        run("a")
        exit(1)
        run("b")
        exit(1)
        #expect(decide().isEmpty && shown == .crashLoopBackOff)
        record.forgetCompletion()
        #expect(record.ended == nil && record.last?.id == "b" && shown == nil)
        #expect(decide() == [.ensureImage(container: "c")])
        receive(.imageFailed(ImageProblem(reason: .invalidImageName, message: "no")))
        record.forgetCompletion()
        #expect(decide(at: 9).isEmpty)
    }
}
