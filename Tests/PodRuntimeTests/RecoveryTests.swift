import CLinux
import Glibc
import LinuxCgroups
import LinuxSystem
import PodCore
import TestSupport
import Testing

@testable import PodRuntime
@testable import ShimClient

/// Pods outlive the agent; the next agent finds them and their ends.
@Suite(.serialized, .enabled(if: RuntimeFixture.isPossible, "needs root, cgroup2, busybox, and the shim (make shim pause)"), .timeLimit(.minutes(2)))
struct RecoveryTests {
    @Test("a new agent finds the running containers and the exits since") func aNewAgentFindsWhatRuns() async throws {
        try await RuntimeFixture.with { host in
            let sandbox = try await host.runtime.createSandbox(host.sandbox())
            try await host.runtime.record(addresses: ["10.1.2.3", "fd00::3"], ofSandbox: sandbox.id)
            let running = host.container(["sleep", "1000"])
            let ended = host.container(["sh", "-c", "exit 5"])
            let endsMeanwhile = host.container(["sh", "-c", "while [ ! -e /dev/shm/go ]; do sleep 0.01; done; exit 6"])
            let started = try await host.runtime.startContainer(running, inSandbox: sandbox.id)
            _ = try await host.runtime.startContainer(ended, inSandbox: sandbox.id)
            _ = try await host.runtime.startContainer(endsMeanwhile, inSandbox: sandbox.id)
            _ = try await host.follow(ended, sandbox.id)
            let spawner = await host.runtime.spawner.process
            host.forgetRuntime()
            // With no agent there.
            try AtomicFile.replace("\(host.folder.path)/run/sandboxes/\(sandbox.id)/shm/go", with: "")
            try await ExitWatch.wait(for: "\(host.folder.path)/run/sandboxes/\(sandbox.id)/containers/\(endsMeanwhile.id)/exit")

            try host.restart()
            let found = try await host.runtime.recover()
            #expect(found.count == 1)
            guard let recovered = found.first else { return }
            #expect(recovered.configuration.id == sandbox.id && recovered.isRunning && recovered.createdAt == sandbox.createdAt)
            #expect(recovered.addresses == ["10.1.2.3", "fd00::3"])
            #expect(recovered.networkNamespacePath == sandbox.networkNamespacePath)
            var conditions: [String: RecoveredSandbox.ContainerCondition] = [:]
            for container in recovered.containers { conditions[container.configuration.id] = container.condition }
            #expect(recovered.containers.first { $0.configuration.id == running.id }?.configuration == running)
            #expect(conditions[running.id] == .running(started))
            guard case .exited(let first)? = conditions[ended.id], case .exited(let second)? = conditions[endsMeanwhile.id] else {
                Issue.record("\(conditions)")
                return
            }
            #expect(first.exitCode == 5 && second.exitCode == 6 && second.isKnown)

            // The next exit is reported once, and no exit that `recover` returned is reported again.
            #expect(try await host.exec(["echo", "hi"], running.id, sandbox.id).out == "hi\n")
            try await host.runtime.kill(container: running.id, inSandbox: sandbox.id)
            var events = host.runtime.events.makeAsyncIterator()
            guard case .containerExited(sandbox.id, running.id, let exit)? = await events.next() else {
                Issue.record("wanted the exit of the killed container")
                return
            }
            #expect(exit.exitCode == 137 && exit.signal == 9 && exit.isKnown)
            #expect(try await host.runtime.recover().isEmpty)
            // The spawner is still there and used again.
            let second2 = try await host.runtime.createSandbox(host.sandbox())
            #expect(await host.runtime.spawner.process == spawner)
            try await host.runtime.stopSandbox(second2.id)
        }
    }

    @Test("a sandbox whose shim was killed without an agent is ended and reported") func aSandboxWithoutItsShimIsEndedAndReported() async throws {
        try await RuntimeFixture.with { host in
            let sandbox = try await host.runtime.createSandbox(host.sandbox())
            let running = host.container(["sleep", "1000"])
            let ended = host.container(["sh", "-c", "exit 5"])
            let started = try await host.runtime.startContainer(running, inSandbox: sandbox.id)
            _ = try await host.runtime.startContainer(ended, inSandbox: sandbox.id)
            _ = try await host.follow(ended, sandbox.id)
            let shim = try host.runtime.sandbox(sandbox.id).shim
            host.forgetRuntime()
            let shimFD = try #require(try shim?.open())
            try shimFD.signal(SIGKILL)
            try await shimFD.waitForExit(timeout: .seconds(60))

            try host.restart()
            let found = try await host.runtime.recover()
            guard let recovered = found.first, found.count == 1 else {
                Issue.record("\(found)")
                return
            }
            #expect(!recovered.isRunning && recovered.networkNamespacePath == nil)
            for container in recovered.containers {
                guard case .exited(let exit) = container.condition else {
                    Issue.record("\(container.condition)")
                    continue
                }
                if container.configuration.id == ended.id {
                    #expect(exit.exitCode == 5 && exit.isKnown)
                } else {
                    #expect(exit.exitCode == 137 && !exit.isKnown && exit.startedAt == started.startedAt)
                }
            }
            #expect(!ProcessCheck.runs(started.pid))
            #expect(!ProcessCheck.runs(sandbox.pausePID))
        }
    }

    @Test("a sandbox that an agent did not finish is ended") func whatAnAgentDidNotFinishIsEnded() async throws {
        try await RuntimeFixture.with { host in
            let configuration = host.sandbox()
            let container = host.container(["sh"])
            let paths = host.runtime.paths(configuration.id)
            try Directories.make(paths.container(container.id).directory, mode: 0o700)
            try SandboxDocument(configuration: configuration, createdAt: 1, cgroup: PodCgroup.name(of: configuration)).write(to: paths.document)
            try ContainerDocument(configuration: container).write(to: paths.container(container.id).document)
            try await host.runtime.spawner.prepare()
            let shim = try await host.runtime.spawner.spawn(sandboxID: configuration.id)
            #expect(ProcessCheck.runs(shim.pid))

            host.forgetRuntime()
            try host.restart()
            let found = try await host.runtime.recover()
            #expect(found.map(\.configuration) == [configuration] && found.first?.isRunning == false)
            #expect(found.first?.containers == [RecoveredSandbox.Container(configuration: container, condition: .neverStarted)])
            #expect(!ProcessCheck.runs(shim.pid))
        }
    }

    @Test("the end of a shim or pause is reported after the exits", arguments: ["shim", "pause"]) func anEndWithoutARequestIsTold(of victim: String)
        async throws
    {
        try await RuntimeFixture.with { host in
            let sandbox = try await host.runtime.createSandbox(host.sandbox())
            let container = host.container(["sleep", "1000"])
            let started = try await host.runtime.startContainer(container, inSandbox: sandbox.id)
            let known = try host.runtime.sandbox(sandbox.id)
            let process = try #require(victim == "shim" ? known.shim : known.pause)
            try process.open().signal(SIGKILL)
            var told: [RuntimeEvent] = []
            for await event in host.runtime.events {
                told.append(event)
                if case .sandboxEnded = event { break }
            }
            #expect(told.count == 2 && told.last == .sandboxEnded(sandboxID: sandbox.id))
            guard case .containerExited(sandbox.id, container.id, let exit)? = told.first else {
                Issue.record("\(told)")
                return
            }
            #expect(exit.exitCode == 137 && exit.isKnown == (victim == "pause"))
            #expect(!ProcessCheck.runs(started.pid))
            await #expect(throws: RuntimeFailure.self) { try await host.runtime.startContainer(host.container(["sh"]), inSandbox: sandbox.id) }
        }
    }

    @Test("a folder that cannot be read is left alone") func whatCannotBeReadIsLeftAlone() async throws {
        try await RuntimeFixture.with { host in
            let directory = host.folder.path + "/run/sandboxes/damaged"
            try Directories.make(directory + "/containers/x")
            try AtomicFile.replace(directory + "/sandbox.json", with: "{ half a docu")
            let good = try await host.runtime.createSandbox(host.sandbox())
            host.forgetRuntime()
            try host.restart()
            let found = try await host.runtime.recover()
            #expect(found.map(\.configuration.id) == [good.id])
            #expect(FileStatusCheck.exists(directory + "/containers/x") && FileStatusCheck.exists(directory + "/sandbox.json"))
            await #expect(throws: RuntimeFailure.self) { try await host.runtime.removeSandbox("damaged") }
            #expect(FileStatusCheck.exists(directory + "/sandbox.json"))
            try TreeRemoval.remove(directory)
            // A sandbox that is on disk and was not recovered can be removed as well.
            host.forgetRuntime()
            try host.restart()
            try await host.runtime.removeSandbox(good.id)
            #expect(!ProcessCheck.runs(good.pausePID))
        }
    }

    @Test("the spawner may end, and old layers are removed") func theSpawnerMayEndAndOldLayersGo() async throws {
        try await RuntimeFixture.with { host in
            let first = try await host.runtime.createSandbox(host.sandbox())
            let spawner = try #require(await host.runtime.spawner.process)
            let spawnerFD = try PidFD(pid: spawner)
            try spawnerFD.signal(SIGKILL)
            try await spawnerFD.waitForExit(timeout: .seconds(60))
            // The sandboxes that it started go on, and the next sandbox starts another spawner.
            #expect(try await host.run("echo here", in: first.id).log == "here\n")
            _ = try await host.runtime.createSandbox(host.sandbox())
            let second = try #require(await host.runtime.spawner.process)
            #expect(second != spawner)

            let kept = host.container(["sleep", "1000"])
            _ = try await host.runtime.startContainer(kept, inSandbox: first.id)
            let layers = host.folder.path + "/state/containers"
            try Directories.make(layers + "/of-an-earlier-boot/upper/etc")
            host.forgetRuntime()
            try host.restart()
            let inotify = try Inotify()
            _ = try inotify.add(layers, .delete)
            _ = try await host.runtime.recover()
            var events = inotify.makeAsyncIterator()
            while FileStatusCheck.exists(layers + "/of-an-earlier-boot") { _ = try await events.next(timeout: .seconds(60)) }
            #expect(try DirectoryListing.names(at: layers) == [kept.id])
        }
    }

    /// As under systemd, where the spawner is the main process of the unit whose cgroup is delegated.
    @Test("a spawner in the delegated cgroup is moved out of it") func aSpawnerInTheDelegatedCgroupMakesWay() async throws {
        try await RuntimeFixture.with { host in
            let connection = try await SpawnerStart.run(
                program: host.runtime.settings.shimProgram, runDirectory: host.folder.path + "/run", cgroup: host.cgroupRoot)
            connection.close()
            let before = try SmallFile.line(host.cgroupRoot + "/cgroup.procs")
            let sandbox = try await host.runtime.createSandbox(host.sandbox())
            #expect(await host.runtime.spawner.process == Int32(before))
            #expect(try SmallFile.text(host.cgroupRoot + "/cgroup.procs").isEmpty)
            #expect(try await host.run("echo here", in: sandbox.id).log == "here\n")
        }
    }

    @Test("a cancelled creation leaves nothing") func aCancelledCreationLeavesNothing() async throws {
        try await RuntimeFixture.with { host in
            for _ in 0..<10 {
                let task = Task { try await host.runtime.createSandbox(host.sandbox()) }
                task.cancel()
                if let made = try? await task.value { try await host.runtime.removeSandbox(made.id) }
            }
            #expect(try DirectoryListing.names(at: host.folder.path + "/run/sandboxes").isEmpty)
        }
    }

    @Test("logs are followed across rotations") func logsAreFollowedOverRotations() async throws {
        try await RuntimeFixture.with { host in
            let sandbox = try await host.runtime.createSandbox(host.sandbox())
            // Small enough to rotate, enough files to keep everything.
            let container = host.container([
                "sh", "-c", "while [ ! -e /dev/shm/go ]; do sleep 0.01; done; for i in $(seq 1 4000); do echo line-$i; done",
            ]) {
                $0.log = ContainerConfiguration.Log(path: $0.log.path, maxSize: 20_000, maxFiles: 1000)
            }
            _ = try await host.runtime.startContainer(container, inSandbox: sandbox.id)
            async let followed = host.follow(container, sandbox.id)
            _ = try await host.exec(["touch", "/dev/shm/go"], container.id, sandbox.id)
            let text = try await followed
            #expect(text == (1...4000).map { "line-\($0)\n" }.joined())
            let directory = String(container.log.path.dropLast("/0.log".count))
            #expect(try DirectoryListing.names(at: directory).count > 3)
        }
    }

    @Test("sandboxes share the requested namespaces") func sandboxesShareWhatTheyAreToldToShare() async throws {
        try await RuntimeFixture.with { host in
            let shared = try await host.runtime.createSandbox(host.sandbox(pid: .pod))
            let first = host.container(["sleep", "1000"])
            _ = try await host.runtime.startContainer(first, inSandbox: shared.id)
            #expect(try await host.run("busybox ps", in: shared.id).log.contains("sleep 1000"))
            let own = try await host.runtime.createSandbox(host.sandbox(network: .node))
            let node = HostName.current
            #expect(try await host.run("hostname", in: own.id).log == node + "\n")
            let privileged = try await host.run("mount -t tmpfs none /tmp && test -b /dev/vda; echo $?; touch /sys/fs/cgroup/x; echo $?", in: own.id)
            {
                $0.privileged = true
                $0.process.capabilities = CapabilityName.all
                $0.maskedPaths = []
                $0.readonlyPaths = []
            }
            #expect(privileged.log.hasPrefix("0\n"), "\(privileged)")
        }
    }
}

enum ProcessCheck {
    /// A zombie has ended, whether or not its new parent has noticed.
    static func runs(_ pid: Int32) -> Bool {
        guard let stat = try? SmallFile.text("/proc/\(pid)/stat"), let end = stat.lastIndex(of: ")") else { return false }
        return !stat[end...].hasPrefix(") Z")
    }
}

enum HostName {
    static var current: String { (try? SmallFile.line("/proc/sys/kernel/hostname")) ?? "" }
}

enum ExitWatch {
    /// Waits for a file that is renamed into its place.
    static func wait(for path: String) async throws {
        let inotify = try Inotify()
        _ = try inotify.add(String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]), [.movedTo, .create])
        var events = inotify.makeAsyncIterator()
        while try FileStatus.ifPresent(path) == nil { _ = try await events.next(timeout: .seconds(60)) }
    }
}
