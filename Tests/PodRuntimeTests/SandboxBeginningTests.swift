import LinuxSystem
import PodCore
import Testing

@testable import PodRuntime

/// How a sandbox comes to run: made by this agent, or found after a restart in each state that the one before left.
@Suite struct SandboxBeginningTests {
    // MARK: Creation

    @Test("a new sandbox whose shim or pause has ended at once is refused", arguments: [(true, true), (false, false)])
    func creation(pauseEnds: Bool, isConnected: Bool) {
        var machine = SandboxMachine(id: "s")
        if pauseEnds { #expect(machine.handle(.pauseEnded) == []) }
        #expect(throws: RuntimeFailure.self) { try machine.made(isConnected: isConnected) }
        #expect(machine.handle(.stopAsked) == [.shutDown, .removeProcesses])
    }

    @Test("a connection that ends before the sandbox runs is not pursued")
    func earlyHangUp() {
        var machine = SandboxMachine(id: "s")
        #expect(machine.handle(.connectionEnded) == [])
        #expect(machine.place == "beginning")
    }

    @Test("only a folder that this agent made may go with a failed creation")
    func directory() throws {
        var machine = SandboxMachine(id: "s")
        #expect(!machine.ownsDirectory)
        machine.takeDirectory()
        #expect(machine.ownsDirectory)
    }

    // MARK: Recovery

    @Test("the answer, and else the living processes, decide how a recovery goes on")
    func steps() {
        typealias Step = SandboxMachine.RecoveryStep
        #expect(Step(answer: Life.report()) == .goOn(Life.report()))
        #expect(Step(answer: Life.report(sandboxRuns: false)) == .bury)
        #expect(Step(answer: nil) == .look)
        #expect(Step(shimLives: true, pauseLives: true) == .resume)
        #expect(Step(shimLives: true, pauseLives: false) == .bury)
        #expect(Step(shimLives: false, pauseLives: true) == .bury)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let seen: ShimReport.Container?
        let trace: ContainerTrace?
        /// Events that arrive before the containers are known.
        let early: [SandboxEvent]
        let phase: SandboxContainer.Phase
        let actions: [SandboxAction]

        init(
            _ title: String, seen: ShimReport.Container? = nil, trace: ContainerTrace? = nil, early: [SandboxEvent] = [],
            _ phase: SandboxContainer.Phase, _ actions: [SandboxAction] = []
        ) {
            testDescription = title
            self.seen = seen
            self.trace = trace
            self.early = early
            self.phase = phase
            self.actions = actions
        }
    }

    private static let unknown = ContainerExit.unknown(nil, now: Life.now)
    private static let traced = ContainerTrace.started(Life.started("a"), process: Life.process, isRunning: true)
    private static let halfStarted = ContainerTrace.started(Life.started("a"), process: Life.process, isRunning: false)

    static let answeredRows: [Row] = [
        Row("a container that runs goes on", seen: .running(Life.started("a")), .running(Life.started("a"))),
        Row("an exit while no agent was there is found", seen: .exited(Life.failed), .exited(Life.failed), [.fulfilEnd("a")]),
        Row("an exit without a readable record is unknown", seen: .exited(nil), .exited(unknown), [.fulfilEnd("a")]),
        Row("a start that no agent waits for is undone", seen: .starting, .neverStarted, [.fence("a"), .fulfilEnd("a")]),
        Row("a container that was not launched is undone", .neverStarted, [.fence("a"), .fulfilEnd("a")]),
        Row("a container that the shim has forgotten ended as recorded", trace: .exited(Life.failed), .exited(Life.failed), [.fulfilEnd("a")]),
        Row("a damaged record is an unknown exit", trace: .damaged, .exited(unknown), [.fulfilEnd("a")]),
        Row("a container that the shim does not know is ended", trace: traced, .neverStarted, [.fence("a"), .fulfilEnd("a")]),
        Row(
            "an exit that arrives before its container is known is reported", seen: .running(Life.started("a")),
            early: [.containerExited("a", Life.failed)], .running(Life.started("a")), [.fulfilEnd("a"), .reportExit("a", Life.failed)]),
        Row(
            "a pause that ends while the sandbox is recovered ends the sandbox", seen: .running(Life.started("a")), early: [.pauseEnded],
            .running(Life.started("a")), [.log(.pauseHasEnded), .requestShutdown]),
    ]

    @Test("an agent that restarts with a shim that answers", arguments: answeredRows)
    func answered(_ row: Row) {
        var machine = SandboxMachine(id: "s")
        _ = machine.handle(all: row.early)
        let report = Life.report(row.seen.map { ["a": $0] } ?? [:])
        let (found, actions) = machine.goOn([Life.container("a")], report, row.trace.map { ["a": $0] } ?? [:], isConnected: true, now: Life.now)
        #expect(found.map(\.phase) == [row.phase])
        #expect(actions.filter { $0 != .fulfilEnd("a") } == row.actions.filter { $0 != .fulfilEnd("a") })
        #expect(actions.contains(.fulfilEnd("a")) == row.actions.contains(.fulfilEnd("a")))
        #expect(machine.place == "connected")
    }

    @Test("only the files of containers that the shim does not know are read")
    func unexplained() {
        let report = Life.report(["a": .starting, "b": .exited(nil)])
        #expect(SandboxMachine.unexplained(["a", "b", "c"].map(Life.container), by: report) == ["c"])
    }

    @Test("a shim that hangs up behind its answer is pursued at once")
    func hangUpBehindTheAnswer() {
        var machine = SandboxMachine(id: "s")
        let (_, actions) = machine.goOn([], Life.report(), [:], isConnected: false, now: Life.now)
        #expect(actions == [.pursue(.waitForExit(.milliseconds(20)))])
        #expect(machine.place == "pursued")
    }

    @Test("a container without a record is ended and forgotten by the shim")
    func withoutRecord() {
        var machine = SandboxMachine(id: "s")
        let report = Life.report(["x": .running(Life.started("x")), "y": .exited(nil)])
        #expect(machine.goOn([], report, [:], isConnected: true, now: Life.now).actions == [.fenceUnknown("x"), .drop("x"), .drop("y")])
    }

    static let silentRows: [Row] = [
        Row("a container that runs by its file goes on", trace: traced, .running(Life.started("a"))),
        Row("a start that was never finished is undone", trace: halfStarted, .neverStarted, [.fence("a")]),
        Row("a container without files is undone", trace: ContainerTrace.none, .neverStarted, [.fence("a")]),
        Row("a recorded exit is kept", trace: .exited(Life.failed), .exited(Life.failed), [.fence("a")]),
        Row("a damaged record is an unknown exit, and what runs of it is ended", trace: .damaged, .exited(unknown), [.fence("a")]),
    ]

    @Test("an agent that restarts with a silent shim", arguments: silentRows)
    func silent(_ row: Row) {
        for isAsked in [true, false] {
            var machine = SandboxMachine(id: "s")
            let (found, actions) = machine.resume([Life.container("a")], row.trace.map { ["a": $0] } ?? [:], isAsked: isAsked, now: Life.now)
            #expect(found.map(\.phase) == [row.phase])
            let step: SandboxAction.Pursuit = isAsked ? .awaitAnswer : .waitForExit(.milliseconds(20))
            #expect(actions.filter { $0 != .fulfilEnd("a") } == row.actions + [.pursue(step)])
            #expect(machine.place == "pursued")
            // The shim goes on and has its say.
            _ = machine.handle(.shimAnswered(Life.report(["a": .running(Life.started("a"))]), isConnected: true))
            #expect(machine.place == "connected")
        }
    }

    static let deadRows: [Row] = [
        Row(
            "a container that ran is killed, its exit unknown", trace: traced, .exited(.unknown(Life.started("a"), now: Life.now)),
            [.kill(Life.process)]),
        Row(
            "a start that was never finished is killed", trace: halfStarted, .exited(.unknown(Life.started("a"), now: Life.now)),
            [.kill(Life.process)]),
        Row("a container without files never started", trace: ContainerTrace.none, .neverStarted),
        Row("a recorded exit is kept", trace: .exited(Life.failed), .exited(Life.failed)),
        Row("a damaged record is an unknown exit", trace: .damaged, .exited(unknown)),
    ]

    @Test("an agent that restarts without the shim", arguments: deadRows)
    func dead(_ row: Row) {
        var machine = SandboxMachine(id: "s")
        let actions = machine.bury([Life.container("a")], row.trace.map { ["a": $0] } ?? [:], pause: Life.pause, now: Life.now)
        #expect(machine.containers["a"]?.phase == row.phase)
        #expect(actions.filter { $0 != .fulfilEnd("a") } == row.actions + [.kill(Life.pause)])
        #expect(machine.handle(.stopAsked) == [.shutDown, .removeProcesses])
        #expect(machine.handle(.emptied) == [.closeConnection])
        #expect(machine.place == "stopped")
    }

    @Test("a sandbox whose own record is damaged is stopped; if that fails, its end is reported and the pod stops it again")
    func damagedSandbox() {
        var machine = SandboxMachine(id: "s")
        #expect(machine.handle(.stopAsked) == [.shutDown, .removeProcesses])
        _ = machine.handle(all: [.stopFailed, .endReported])
        #expect(machine.state == .lost(SandboxMachine.Ending(isReported: true)))
        #expect(machine.handle(.stopAsked) == [.shutDown, .removeProcesses])
    }
}
