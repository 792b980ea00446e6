import LinuxSystem
import PodCore
import PodRuntime

/// Starting things: in an existing sandbox, with a sandbox of its own, and by exec. Ours and the peer's in turn, so that what the
/// machine does besides hits both.
struct StartRows {
    let options: BenchOptions
    let world: BenchWorld
    let crun: CrunPeer

    private static func time(_ body: () async throws -> Void) async throws -> Int64 {
        let start = KernelClock.monotonic
        try await body()
        return KernelClock.monotonic - start
    }

    /// Start to exit, and to the last trace being gone, which `crun run` includes.
    private func runContainer(inSandbox sandboxID: String) async throws -> (exited: Int64, removed: Int64) {
        let start = KernelClock.monotonic
        let container = world.container(["/bin/true"])
        _ = try await world.runtime.startContainer(container, inSandbox: sandboxID)
        let exit = await world.exit(of: container.id)
        let exited = KernelClock.monotonic - start
        guard exit.exitCode == 0, exit.isKnown else { throw CrunPeer.Failed(description: "/bin/true ended with \(exit)") }
        try await world.runtime.removeContainer(container.id, inSandbox: sandboxID)
        return (exited, KernelClock.monotonic - start)
    }

    /// Create to running, to exit, and to the last trace being gone.
    func runPod() async throws -> (running: Int64, exited: Int64, removed: Int64) {
        let start = KernelClock.monotonic
        let sandbox = world.sandbox()
        _ = try await world.runtime.createSandbox(sandbox)
        let container = world.container(["/bin/true"])
        _ = try await world.runtime.startContainer(container, inSandbox: sandbox.id)
        let running = KernelClock.monotonic - start
        let exit = await world.exit(of: container.id)
        let exited = KernelClock.monotonic - start
        guard exit.exitCode == 0, exit.isKnown else { throw CrunPeer.Failed(description: "/bin/true ended with \(exit)") }
        try await world.runtime.removeSandbox(sandbox.id)
        return (running, exited, KernelClock.monotonic - start)
    }

    func containers(_ table: inout BenchTable) async throws {
        let sandbox = world.sandbox()
        _ = try await world.runtime.createSandbox(sandbox)
        var (exited, removed, peer, bare) = (Samples(), Samples(), Samples(), Samples())
        for number in -3..<options.runs {
            let own = try await runContainer(inSandbox: sandbox.id)
            let theirs = try await Self.time { try await crun.run("run") }
            let without = try await Self.time { try await crun.run("bare", cgroups: false) }
            // The first ones fill caches, on both sides.
            guard number >= 0 else { continue }
            exited.add(own.exited)
            removed.add(own.removed)
            peer.add(theirs)
            bare.add(without)
        }
        try await world.runtime.removeSandbox(sandbox.id)
        table.ratio("container: create, start, exit", exited, "crun run", peer, atMost: 1.2)
        table.ratio("container: the same, and remove", removed, "crun run", peer)
        table.ratio("container: the same, and remove", removed, "without cgroups", bare)
    }

    func pods(_ table: inout BenchTable) async throws {
        var (running, exited, removed, peer) = (Samples(), Samples(), Samples(), Samples())
        for number in -3..<options.runs {
            let own = try await runPod()
            let theirs = try await Self.time { try await crun.run("run") }
            guard number >= 0 else { continue }
            running.add(own.running)
            exited.add(own.exited)
            removed.add(own.removed)
            peer.add(theirs)
        }
        table.row(
            "pod: sandbox and container running", running.milliseconds,
            target: ("<= 8 ms", running.median <= 8e6))
        table.ratio("pod: create, start, exit", exited, "crun run", peer, atMost: 1.2)
        table.ratio("pod: the same, and remove all", removed, "crun run", peer)
    }

    func execs(_ table: inout BenchTable) async throws {
        let (sandboxID, containerID) = try await world.startIdlePod()
        try await crun.startIdle()
        let request = ExecRequest(
            sandboxID: sandboxID, containerID: containerID, command: ["/bin/true"], stdin: false, stdout: true, stderr: true)
        var (own, peer) = (Samples(), Samples())
        for number in -3..<options.runs {
            let mine = try await Self.time {
                let session = try await world.runtime.exec(request)
                while try await session.read() != nil {}
                guard try await session.exitCode() == 0 else { throw CrunPeer.Failed(description: "exec of /bin/true failed") }
            }
            let theirs = try await Self.time { try await crun.exec() }
            guard number >= 0 else { continue }
            own.add(mine)
            peer.add(theirs)
        }
        try await crun.endIdle()
        try await world.runtime.removeSandbox(sandboxID)
        table.ratio("exec of /bin/true", own, "crun exec", peer, atMost: 0.6)
    }
}
