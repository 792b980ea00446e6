import CLinux
import Glibc
import LinuxCgroups
import LinuxSystem
import PodCore
import TestSupport
import Testing

@testable import PodRuntime
@testable import ShimClient

/// Shims that live and are not heard: stopped, slow, or tired of an agent that did not listen.
@Suite(.serialized, .enabled(if: RuntimeFixture.isPossible, "needs root, cgroup2, busybox, and the shim (make shim pause)"), .timeLimit(.minutes(2)))
struct SilentShimTests {
    private static let waits = ["sh", "-c", "while [ ! -e /dev/shm/go ]; do sleep 0.01; done; exit 6"]

    private static func letGo(_ sandboxID: String, _ host: RuntimeFixture) throws {
        try AtomicFile.replace("\(host.folder.path)/run/sandboxes/\(sandboxID)/shm/go", with: "")
    }

    /// Stops the shim of a sandbox for as long as `body` takes.
    private static func stopping<T>(shimOf sandboxID: String, _ host: RuntimeFixture, _ body: () async throws -> T) async throws -> T {
        let shim = try #require(try host.runtime.sandbox(sandboxID).shim).open()
        try shim.signal(SIGSTOP)
        defer { try? shim.signal(SIGCONT) }
        return try await body()
    }

    /// Ends this process' connections to a sandbox's shim as the other end would: the shim lives on.
    private static func hangUp(shimOf sandboxID: String, _ host: RuntimeFixture) throws {
        let shim = try #require(try host.runtime.sandbox(sandboxID).shim)
        let connections = (3..<Int32(4096)).filter { number in
            var peer: (pid: pid_t, uid: uid_t, gid: gid_t) = (0, 0, 0)
            return swl_peer_credentials(number, &peer.pid, &peer.uid, &peer.gid) == 0 && peer.pid == shim.pid
        }
        #expect(!connections.isEmpty)
        for number in connections { shutdown(number, Int32(SHUT_RDWR)) }
    }

    @Test("a shim that hangs up is asked again, and missed exits are reported") func aShimThatHangsUpIsAskedAgain() async throws {
        try await RuntimeFixture.with { host in
            let sandbox = try await host.runtime.createSandbox(host.sandbox())
            let kept = host.container(["sleep", "1000"])
            let endsMeanwhile = host.container(Self.waits)
            let started = try await host.runtime.startContainer(kept, inSandbox: sandbox.id)
            _ = try await host.runtime.startContainer(endsMeanwhile, inSandbox: sandbox.id)
            let exec = try await host.runtime.exec(
                ExecRequest(sandboxID: sandbox.id, containerID: kept.id, command: Self.waits, stdin: false, stdout: true, stderr: false))
            var events = host.runtime.events.makeAsyncIterator()
            try await Self.stopping(shimOf: sandbox.id, host) {
                try Self.hangUp(shimOf: sandbox.id, host)
                try Self.letGo(sandbox.id, host)
            }
            guard case .containerExited(sandbox.id, endsMeanwhile.id, let exit)? = await events.next() else {
                Issue.record("wanted the exit that came while nobody listened")
                return
            }
            #expect(exit.exitCode == 6 && exit.isKnown)
            // Told or missed, but never waited for in vain.
            if let code = try? await exec.exitCode() { #expect(code == 6) }
            #expect(ProcessCheck.runs(started.pid))
            #expect(try await host.exec(["echo", "hi"], kept.id, sandbox.id).out == "hi\n")
            try await host.runtime.kill(container: kept.id, inSandbox: sandbox.id)
            guard case .containerExited(sandbox.id, kept.id, let last)? = await events.next() else {
                Issue.record("wanted the exit of the killed container")
                return
            }
            #expect(last.isKnown && last.signal == 9)
        }
    }

    @Test("a new agent leaves a stopped shim its pod") func aNewAgentLeavesAStoppedShimItsPod() async throws {
        try await RuntimeFixture.with { host in
            let silent = try await host.runtime.createSandbox(host.sandbox())
            let other = try await host.runtime.createSandbox(host.sandbox())
            let kept = host.container(["sleep", "1000"])
            let ended = host.container(["sh", "-c", "exit 5"])
            let endsMeanwhile = host.container(Self.waits)
            let started = try await host.runtime.startContainer(kept, inSandbox: silent.id)
            _ = try await host.runtime.startContainer(endsMeanwhile, inSandbox: silent.id)
            _ = try await host.runtime.startContainer(ended, inSandbox: silent.id)
            _ = try await host.follow(ended, silent.id)
            try await Self.stopping(shimOf: silent.id, host) {
                host.forgetRuntime()
                try host.restart()
                let found = try await host.runtime.recover()
                #expect(found.map(\.configuration.id) == [silent.id, other.id] && found.allSatisfy(\.isRunning))
                let containers = try #require(found.first).containers
                #expect(containers.first { $0.configuration == kept }?.condition == .running(started))
                guard case .exited(let exit) = containers.first(where: { $0.configuration == ended })?.condition else {
                    Issue.record("\(containers)")
                    return
                }
                #expect(exit.exitCode == 5 && exit.isKnown)
                try Self.letGo(silent.id, host)
            }
            var events = host.runtime.events.makeAsyncIterator()
            guard case .containerExited(silent.id, endsMeanwhile.id, let exit)? = await events.next() else {
                Issue.record("wanted the exit that the shim had to tell")
                return
            }
            #expect(exit.exitCode == 6 && exit.isKnown)
            #expect(try await host.exec(["echo", "hi"], kept.id, silent.id).out == "hi\n")
        }
    }

    @Test("a kill needs no shim") func aKillNeedsNoShim() async throws {
        try await RuntimeFixture.with { host in
            let sandbox = try await host.runtime.createSandbox(host.sandbox())
            let container = host.container(["sleep", "1000"])
            let started = try await host.runtime.startContainer(container, inSandbox: sandbox.id)
            var events = host.runtime.events.makeAsyncIterator()
            try await Self.stopping(shimOf: sandbox.id, host) {
                try await host.runtime.kill(container: container.id, inSandbox: sandbox.id)
                #expect(!ProcessCheck.runs(started.pid))
                guard case .containerExited(sandbox.id, container.id, let exit)? = await events.next() else {
                    Issue.record("wanted the exit of the killed container")
                    return
                }
                #expect(exit.exitCode == 137 && !exit.isKnown && exit.startedAt == started.startedAt)
                try await host.runtime.removeContainer(container.id, inSandbox: sandbox.id)
            }
            // The shim's late report changes nothing, and the shim drops the container too.
            #expect(try await host.run("echo next", in: sandbox.id).log == "next\n")
            let ids = try await Self.knownToShim(sandbox.id, host)
            #expect(ids.isEmpty, "\(ids)")
        }
    }

    @Test("a launch that was given up never runs") func aLaunchThatWasGivenUpNeverRuns() async throws {
        try await RuntimeFixture.with { host in
            try host.restart { $0.launchPatience = .milliseconds(100) }
            let sandbox = try await host.runtime.createSandbox(host.sandbox())
            let container = host.container(["sleep", "1000"])
            let layers = try await Self.stopping(shimOf: sandbox.id, host) {
                await #expect(throws: RuntimeFailure.self) { try await host.runtime.startContainer(container, inSandbox: sandbox.id) }
                return try DirectoryListing.names(at: host.folder.path + "/state/containers")
            }
            #expect(layers == [])
            // The shim comes to the first launch before the second.
            let second = host.container(["sleep", "1000"])
            host.forgetRuntime()
            try host.restart()
            _ = try await host.runtime.recover()
            _ = try await host.runtime.startContainer(second, inSandbox: sandbox.id)
            #expect(try await Self.knownToShim(sandbox.id, host) == [second.id])
            let cgroup = try host.runtime.sandbox(sandbox.id).cgroup
            #expect(try Set(cgroup.children()) == [sandbox.id, second.id])
        }
    }

    private static func knownToShim(_ sandboxID: String, _ host: RuntimeFixture) async throws -> [String] {
        let shim = try await ShimConnection.connect(
            directory: host.runtime.paths(sandboxID).directory, socket: ShimConnection.socketName, peer: "the shim")
        return try await shim.request(SWL_VERB_QUERY, timeout: .seconds(60)).containerStates.map(\.id)
    }

    @Test("the end of a pause while its shim is stopped is reported") func aPauseThatDiesWhileTheShimIsStoppedIsTold() async throws {
        try await RuntimeFixture.with { host in
            let sandbox = try await host.runtime.createSandbox(host.sandbox())
            try await Self.stopping(shimOf: sandbox.id, host) {
                try #require(try host.runtime.sandbox(sandbox.id).pause).open().signal(SIGKILL)
                host.forgetRuntime()
                try host.restart()
                #expect(try await host.runtime.recover().count == 1)
            }
            var events = host.runtime.events.makeAsyncIterator()
            #expect(await events.next() == .sandboxEnded(sandboxID: sandbox.id))
            // A pod whose sandbox was still being made got no report yet: the report is repeated when the pod uses the sandbox.
            await #expect(throws: RuntimeFailure.self) { try await host.runtime.startContainer(host.container(["sh"]), inSandbox: sandbox.id) }
            #expect(await events.next() == .sandboxEnded(sandboxID: sandbox.id))
        }
    }

    /// Whenever the pause dies, no pod keeps a sandbox without a pause.
    @Test("the end of a pause right after its start is reported") func aPauseThatDiesAtOnceIsTold() async throws {
        try await RuntimeFixture.with(pause: "/bin/busybox") { host in
            var events = host.runtime.events.makeAsyncIterator()
            for _ in 0..<20 {
                guard let sandbox = try? await host.runtime.createSandbox(host.sandbox()) else { continue }
                #expect(await events.next() == .sandboxEnded(sandboxID: sandbox.id))
                try await host.runtime.removeSandbox(sandbox.id)
            }
        }
    }
}
