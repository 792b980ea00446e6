import PodCore
import Testing

@testable import PodRuntime

/// The machine's answers when the shim ends, hangs up or is silent, when the pause ends, and when the pod is stopped meanwhile.
@Suite struct SandboxMachineTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var execs: [String] = []
        let events: [SandboxEvent]
        /// Of the last event.
        let actions: [SandboxAction]
        let place: String

        init(_ title: String, execs: [String] = [], _ events: [SandboxEvent], _ actions: [SandboxAction], _ place: String) {
            testDescription = title
            self.execs = execs
            self.events = events
            self.actions = actions
            self.place = place
        }
    }

    private static let lostExec = SandboxAction.fulfilExec(
        "e", .failure(RuntimeFailure(.internal, "the command ended while its pod's shim did not answer; its exit code is lost")))
    private static let endedExec = SandboxAction.fulfilExec(
        "e", .failure(RuntimeFailure(.notRunning, "the sandbox has ended, and with it the program")))

    /// Container `a` runs.
    static let rows: [Row] = [
        // A shim that was killed.
        Row("a connection that ends says nothing about the shim", [.connectionEnded], [.pursue(.waitForExit(.milliseconds(20)))], "pursued"),
        Row(
            "a shim that was killed loses the sandbox, and everything in it is killed", [.connectionEnded, .shimExited],
            [.log(.shimHasEnded), .killCgroups], "lost"),
        Row(
            "then execs, exits and the end are reported", execs: ["e"], [.connectionEnded, .shimExited, .killed],
            [endedExec, .readExit("a", Life.started("a")), .reportEnd], "lost"),
        Row(
            "a stop while the lost sandbox is killed does not keep its end from being reported",
            [.connectionEnded, .shimExited, .stopAsked, .killed], [.readExit("a", Life.started("a")), .reportEnd], "stopping"),
        Row(
            "an exit read from its record is reported", [.connectionEnded, .shimExited, .killed, .exitRead("a", Life.failed)],
            [.fulfilEnd("a"), .reportExit("a", Life.failed)], "lost"),
        Row(
            "each exit is reported once", [.containerExited("a", Life.failed), .connectionEnded, .shimExited, .killed], [.reportEnd], "lost"),
        Row(
            "an exit that arrives twice is reported once", [.containerExited("a", Life.failed), .containerExited("a", Life.failed)], [], "connected"),
        Row("a shim is lost once", [.connectionEnded, .shimExited, .shimExited], [], "lost"),
        // A silent shim.
        Row(
            "a living shim is asked again, and its silence logged", [.connectionEnded, .shimAlive], [.log(.shimIsSilent), .pursue(.ask)],
            "pursued"),
        Row(
            "silence is logged once", [.connectionEnded, .shimAlive, .shimSilent, .shimAlive], [.pursue(.ask)], "pursued"),
        Row(
            "the pauses between two questions grow", [.connectionEnded, .shimAlive, .shimSilent], [.pursue(.waitForExit(.milliseconds(40)))],
            "pursued"),
        Row("a shim is pursued once", [.connectionEnded, .connectionEnded], [], "pursued"),
        Row(
            "an answer ends the pursuit", [.connectionEnded, .shimAlive, answer(["a": .running(Life.started("a"))])],
            [.compressLog("a"), .log(.shimAnswersAgain)], "connected"),
        Row(
            "an answer over a connection that has ended does not",
            [
                .connectionEnded, .shimAlive, answer(["a": .running(Life.started("a"))], isConnected: false),
            ],
            [.compressLog("a"), .log(.shimAnswersAgain), .pursue(.waitForExit(.milliseconds(40)))], "pursued"),
        Row(
            "an exit that was missed is reported from the answer", [.connectionEnded, .shimAlive, answer(["a": .exited(Life.failed)])],
            [.compressLog("a"), .fulfilEnd("a"), .reportExit("a", Life.failed), .log(.shimAnswersAgain)], "connected"),
        Row(
            "an exit without a readable record is read from its file", [.connectionEnded, .shimAlive, answer(["a": .exited(nil)])],
            [.compressLog("a"), .fence("a"), .readExit("a", Life.started("a")), .log(.shimAnswersAgain)], "connected"),
        Row(
            "a container that the shim does not know has ended", [.connectionEnded, .shimAlive, answer([:])],
            [.compressLog("a"), .fence("a"), .readExit("a", Life.started("a")), .log(.shimAnswersAgain)], "connected"),
        Row(
            "a container that only the shim knows is ended",
            [.connectionEnded, .shimAlive, answer(["a": .running(Life.started("a")), "z": .running(Life.started("z"))])],
            [.compressLog("a"), .fenceUnknown("z"), .drop("z"), .log(.shimAnswersAgain)], "connected"),
        Row(
            "an exec whose exit was missed fails", execs: ["e"], [.connectionEnded, .shimAlive, answer(["a": .running(Life.started("a"))])],
            [.compressLog("a"), lostExec, .log(.shimAnswersAgain)], "connected"),
        Row(
            "an exec that still runs goes on", execs: ["e"],
            [.connectionEnded, .shimAlive, answer(["a": .running(Life.started("a"))], execs: ["e"])],
            [.compressLog("a"), .log(.shimAnswersAgain)], "connected"),
        // The pause ends.
        Row("without its pause the shim ends the rest", [.pauseEnded], [.log(.pauseHasEnded), .requestShutdown], "connected"),
        Row(
            "a pause that ended while the shim was silent is found in its answer",
            [.connectionEnded, .shimAlive, answer(["a": .running(Life.started("a"))], sandboxRuns: false)],
            [.compressLog("a"), .log(.shimAnswersAgain), .log(.pauseHasEnded), .requestShutdown], "connected"),
        Row("the pause of a lost sandbox is no news", [.connectionEnded, .shimExited, .pauseEnded], [], "lost"),
        // The pod is stopped.
        Row("a stop shuts the shim down before the rest goes", [.stopAsked], [.shutDown, .removeProcesses], "stopping"),
        Row(
            "a stopped sandbox reports what was not reported", execs: ["e"], [.stopAsked, .emptied],
            [.closeConnection, endedExec, .readExit("a", Life.started("a"))], "stopped"),
        Row("a stop during a pursuit ends the pursuit", [.connectionEnded, .shimAlive, .stopAsked, .shimSilent], [], "stopping"),
        Row("an answer after the stop changes nothing", [.connectionEnded, .shimAlive, .stopAsked, answer([:])], [], "stopping"),
        Row("a shim that ends while it is stopped is not lost", [.connectionEnded, .stopAsked, .shimExited], [], "stopping"),
        Row("a sandbox that cannot be stopped is lost", [.stopAsked, .stopFailed], [], "lost"),
        Row("and can be stopped again", [.stopAsked, .stopFailed, .stopAsked], [.shutDown, .removeProcesses], "stopping"),
        Row("a repeated stop asks no shim", [.stopAsked, .emptied, .stopAsked], [.removeProcesses], "stopping"),
        Row(
            "an exit while the sandbox is stopped is reported", [.stopAsked, .containerExited("a", Life.failed)],
            [
                .fulfilEnd("a"), .reportExit("a", Life.failed),
            ], "stopping"),
        // Containers and execs.
        Row("the shim forgets a container that was given up here", [.containerExited("z", Life.failed)], [.drop("z")], "connected"),
        Row("an exec's exit is its result", execs: ["e"], [.execExited("e", Life.failed)], [.fulfilExec("e", .success(Life.failed))], "connected"),
        Row("an exec has one result", execs: ["e"], [.execExited("e", Life.failed), .execExited("e", Life.failed)], [], "connected"),
    ]

    private static func answer(
        _ containers: [String: ShimReport.Container], execs: Set<String> = [], sandboxRuns: Bool = true, isConnected: Bool = true
    ) -> SandboxEvent {
        .shimAnswered(Life.report(containers, execs: execs, sandboxRuns: sandboxRuns), isConnected: isConnected)
    }

    @Test("a sandbox that runs follows its events", arguments: rows)
    func life(_ row: Row) throws {
        var machine = try Life.running(execs: row.execs)
        let actions = machine.handle(all: row.events)
        #expect(actions == row.actions)
        #expect(machine.place == row.place)
    }

    @Test("an exit that arrives before the start is reported after it")
    func exitBeforeStart() throws {
        var machine = try Life.running([])
        try machine.launch(Life.container("a"))
        #expect(machine.handle(.containerExited("a", Life.failed)) == [])
        #expect(machine.started(Life.started("a")) == [.fulfilEnd("a"), .reportExit("a", Life.failed)])
        #expect(machine.containers["a"]?.phase == .exited(Life.failed))
    }

    @Test("a launch that the shim reports while it is pursued is left to its answer")
    func launchDuringPursuit() throws {
        var machine = try Life.pursued([])
        try machine.launch(Life.container("a"))
        #expect(machine.handle(Self.answer(["a": .starting])) == [.log(.shimAnswersAgain)])
        #expect(machine.started(Life.started("a")) == [])
        #expect(machine.containers["a"]?.phase == .running(Life.started("a")))
    }

    @Test("a silent shim is asked less and less often, and at least every ten seconds")
    func pauses() throws {
        var machine = try Life.running()
        var actions = machine.handle(.connectionEnded)
        var time = Duration.zero
        var questions: [Duration] = []
        while questions.count < 14 {
            guard case .pursue(.waitForExit(let pause))? = actions.last else { break }
            time += pause
            actions = machine.handle(.shimAlive)
            #expect(actions.last == .pursue(.ask))
            questions.append(time)
            actions = machine.handle(.shimSilent)
        }
        let gaps = zip(questions, [.zero] + questions).map { $0 - $1 }
        #expect(Array(gaps.prefix(4)) == [.milliseconds(20), .milliseconds(40), .milliseconds(80), .milliseconds(160)])
        #expect(gaps.last == .seconds(10) && gaps.max() == .seconds(10))
    }

    @Test(
        "a sandbox that does not run refuses, naming the operation and its state",
        arguments: [
            ([SandboxEvent.connectionEnded, .shimExited], "lost"), ([.stopAsked], "being stopped"), ([.stopAsked, .emptied], "stopped"),
        ])
    func refusals(_ events: [SandboxEvent], _ state: String) throws {
        var machine = try Life.running()
        _ = machine.handle(all: events)
        let failure = #expect(throws: RuntimeFailure.self) { try machine.launch(Life.container("b")) }
        #expect(failure == RuntimeFailure(.notRunning, "start container b: sandbox s is \(state), wanted running"))
    }

    @Test("the report of an end is remembered until the sandbox is gone")
    func reportedEnd() throws {
        var machine = try Life.running()
        _ = machine.handle(all: [.connectionEnded, .shimExited, .killed, .endReported])
        #expect(machine.state == .lost(SandboxMachine.Ending(isReported: true)))
        _ = machine.handle(.stopAsked)
        #expect(machine.state == .stopping(SandboxMachine.Ending(isReported: true)))
        _ = machine.handle(.emptied)
        #expect(machine.state == .stopped(SandboxMachine.Ending(isReported: true)))
    }
}
