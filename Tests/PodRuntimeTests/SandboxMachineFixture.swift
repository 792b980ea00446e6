import KubeModel
import LinuxSystem
import PodCore

@testable import PodRuntime
@testable import ShimClient

/// Values for the tests of `SandboxMachine`.
enum Life {
    static let now = Timestamp(seconds: 1_800_000_000)
    static let failed = ContainerExit(startedAt: now, finishedAt: now, exitCode: 6)
    static let shim = ProcessIdentity(pid: 100, startTime: 1)
    static let pause = ProcessIdentity(pid: 101, startTime: 1)
    static let process = ProcessIdentity(pid: 7, startTime: 1)

    static func started(_ id: String) -> StartedContainer { StartedContainer(id: id, pid: 7, startedAt: now) }

    static func container(_ id: String) -> ContainerConfiguration {
        ContainerConfiguration(
            id: id, name: id, role: .regular, restartCount: 0, image: "i", imageID: "i", lowerDirectories: [],
            process: ContainerConfiguration.Process(
                args: ["x"], env: [], cwd: "/", uid: 0, gid: 0, additionalGids: [], capabilities: [], noNewPrivileges: false, oomScoreAdj: 0,
                seccomp: .unconfined),
            mounts: [], readOnlyRootFilesystem: false, privileged: false, maskedPaths: [], readonlyPaths: [], resources: CgroupResources(),
            log: ContainerConfiguration.Log(path: "/l/\(id)"))
    }

    static func report(_ containers: [String: ShimReport.Container] = [:], execs: Set<String> = [], sandboxRuns: Bool = true) -> ShimReport {
        ShimReport(sandboxRuns: sandboxRuns, containers: containers, execs: execs)
    }

    /// A sandbox that runs the containers `a` and so on, and the execs.
    static func running(_ ids: [String] = ["a"], execs: [String] = []) throws -> SandboxMachine {
        var machine = SandboxMachine(id: "s")
        try machine.made(isConnected: true)
        for id in ids {
            try machine.launch(container(id))
            _ = machine.started(started(id))
        }
        for exec in execs { machine.begin(exec: exec) }
        return machine
    }

    /// The same with a shim that hung up and was asked again.
    static func pursued(_ ids: [String] = ["a"], execs: [String] = []) throws -> SandboxMachine {
        var machine = try running(ids, execs: execs)
        _ = machine.handle(.connectionEnded)
        _ = machine.handle(.shimAlive)
        return machine
    }
}

extension SandboxMachine {
    /// The events of a test, one after the other; the actions of the last.
    mutating func handle(all events: [SandboxEvent]) -> [SandboxAction] { events.reduce([]) { _, event in handle(event) } }

    /// The name of the state alone.
    var place: String {
        switch state {
        case .beginning: "beginning"
        case .running(.connected): "connected"
        case .running(.pursued): "pursued"
        case .lost: "lost"
        case .stopping: "stopping"
        case .stopped: "stopped"
        }
    }
}
