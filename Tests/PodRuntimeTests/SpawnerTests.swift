import Glibc
import LinuxCgroups
import LinuxSystem
import PodCore
import TestSupport
import Testing

@testable import PodRuntime
@testable import ShimClient

/// Who starts the spawner, and how.
@Suite(.serialized, .enabled(if: RuntimeFixture.isPossible, "needs root, cgroup2, busybox, and the shim (make shim pause)"), .timeLimit(.minutes(2)))
struct SpawnerTests {
    /// CVE-2020-15257: what has a name in the abstract namespace can be reached by every pod on the host's network, also if only for a moment.
    @Test("no abstract socket exists while the spawner starts") func noSocketIsAbstractWhileTheSpawnerStarts() async throws {
        try await RuntimeFixture.with { host in
            // In the spawner's place at first: looks at the agent that starts it.
            let program = host.folder.path + "/look"
            try AtomicFile.replace(
                program,
                with: """
                    #!/bin/sh
                    cat /proc/net/unix > $0.sockets
                    ls -l /proc/$PPID/fd > $0.descriptors
                    exec \(host.programs)/swiftlet-shim "$@"
                    """, mode: 0o755)
            try host.restart { $0.shimProgram = program }
            _ = try await host.runtime.createSandbox(host.sandbox())
            let descriptors = try SmallFile.text(program + ".descriptors", limit: 1 << 20)
            let sockets = try SmallFile.text(program + ".sockets", limit: 4 << 20).split(separator: "\n").dropFirst()
            let ours = sockets.map { $0.split(separator: " ") }.filter { $0.count > 6 && descriptors.contains("socket:[\($0[6])]") }
            #expect(ours.filter { $0.count > 7 && $0[7].hasPrefix("@") } == [])
            #expect(!descriptors.isEmpty && !sockets.isEmpty)
        }
    }

    /// A spawner that is started again by a service manager, which is not the agent's business.
    @Test("the agent waits for the service manager's spawner") func theSpawnerOfAServiceManagerIsWaitedFor() async throws {
        try await RuntimeFixture.with { host in
            let command = "\(host.programs)/swiftlet-shim spawner --run-dir \(host.folder.path)/run --pidfile \(host.folder.path)/run/spawner.pid"
            let first = try ChildProcess(ChildProcess.Request(executable: "/bin/sh", arguments: ["sh", "-c", "exec \(command)"]))
            try host.restart {
                $0.spawnerPatience = .seconds(60)
                // Must not be needed.
                $0.shimProgram = "/no/such/program"
            }
            _ = try await host.runtime.createSandbox(host.sandbox())
            #expect(await host.runtime.spawner.process == first.pid)
            // Its socket stays behind and refuses.
            try first.signal(SIGKILL)
            _ = try await first.exitStatus(timeout: .seconds(60))
            async let made = host.runtime.createSandbox(host.sandbox())
            let second = try ChildProcess(ChildProcess.Request(executable: "/bin/sh", arguments: ["sh", "-c", "sleep 0.1; exec \(command)"]))
            #expect(try await host.run("echo here", in: made.id).log == "here\n")
            #expect(await host.runtime.spawner.process == second.pid)
            try second.signal(SIGTERM)
            _ = try await second.exitStatus(timeout: .seconds(60))
        }
    }

    /// The agent relies on these settings while it waits for the units.
    @Test("the systemd units fit the agent") func theUnitsFitTheAgent() throws {
        let spawner = try SmallFile.text(RuntimeFixture.root + "/systemd/swiftlet-spawner.service")
        #expect(
            spawner.contains(
                "\nExecStart=/usr/libexec/swiftlet/swiftlet-shim spawner --run-dir /run/swiftlet --pidfile \(SpawnerSocket.pidFile("/run/swiftlet"))\n"
            ))
        #expect(spawner.contains("\nRestart=always\n") && spawner.contains("\nRestartSec=100ms\n"))
        // Pods inherit them from whichever of the two starts the spawner; counted over all pods, they would let one starve another.
        for unit in ["swiftlet-spawner", "swiftlet"] {
            let text = try SmallFile.text("\(RuntimeFixture.root)/systemd/\(unit).service")
            for limit in ["LimitNPROC", "LimitCORE", "TasksMax"] { #expect(text.contains("\n\(limit)=infinity\n"), "\(limit) of \(unit)") }
        }
        // With it comes NOTIFY_SOCKET.
        #expect(try SmallFile.text(RuntimeFixture.root + "/systemd/swiftlet.service").contains("\nType=notify\n"))
    }

    /// Kernel 6.18 kills what is cloned from a cgroup in which something was killed to one where nothing was, and the other way round.
    @Test("pods start again after everything was killed", arguments: [true, false]) func podsStartAfterEverythingWasKilled(spawnerDies: Bool)
        async throws
    {
        try await RuntimeFixture.with { host in
            var spawner: ChildProcess?
            if !spawnerDies {
                let command = "\(host.programs)/swiftlet-shim spawner --run-dir \(host.folder.path)/run --pidfile \(host.folder.path)/run/spawner.pid"
                spawner = try ChildProcess(ChildProcess.Request(executable: "/bin/sh", arguments: ["sh", "-c", "exec \(command)"]))
                try host.restart { $0.spawnerPatience = .seconds(60) }
            }
            let first = try await host.runtime.createSandbox(host.sandbox())
            _ = try await host.runtime.startContainer(host.container(["sleep", "1000"]), inSandbox: first.id)
            let root = try host.runtime.settings.cgroups.cgroup(PodCgroup.shims)
            let shim = try #require(try host.runtime.sandbox(first.id).shim).open()
            let old = await host.runtime.spawner.process.map { try? PidFD(pid: $0) } ?? nil
            try SmallFile.write("1", to: host.cgroupRoot + "/cgroup.kill")
            try await shim.waitForExit(timeout: .seconds(60))
            if spawnerDies { try await old?.waitForExit(timeout: .seconds(60)) }
            try await root.waitUntilEmpty(timeout: .seconds(60))

            let second = try await host.runtime.createSandbox(host.sandbox())
            #expect(try await host.run("echo here", in: second.id).log == "here\n")
            #expect(try root.processes().contains(try #require(try host.runtime.sandbox(second.id).shim).pid))
            try spawner?.signal(SIGTERM)
            _ = try await spawner?.exitStatus(timeout: .seconds(60))
        }
    }

    @Test("a sandbox that could not be made is removed even if its folder is in use for a moment")
    func failedSandboxWhoseFolderIsHeld() async throws {
        try await RuntimeFixture.with(pause: "/nonexistent/pause") { host in
            try await host.runtime.spawner.prepare()
            let spawner = try PidFD(pid: try #require(await host.runtime.spawner.process))
            try spawner.signal(SIGSTOP)
            let failing = host.sandbox()
            let folder = host.runtime.paths(failing.id).directory
            async let outcome = try? await host.runtime.createSandbox(failing)
            let held = folder + "/held"
            try await eventually("the folder of the sandbox") { FileStatusCheck.exists(folder) }
            try Directories.make(held)
            try Mounts.tmpfs(at: held)
            try spawner.signal(SIGCONT)
            try await eventually("the removal of all but the held folder") { try DirectoryListing.names(at: folder) == ["held"] }
            try Mounts.unmountAll(under: folder)
            let made = await outcome
            #expect(made == nil)
            #expect(!FileStatusCheck.exists(folder))
        }
    }

    @Test("the agent starts the spawner when no service manager does") func whenNobodyStartsItTheAgentDoes() async throws {
        try await RuntimeFixture.with { host in
            try host.restart { $0.spawnerPatience = .milliseconds(50) }
            let sandbox = try await host.runtime.createSandbox(host.sandbox())
            #expect(try await host.run("echo here", in: sandbox.id).log == "here\n")
        }
    }

    @Test("a spawner that cannot start is explained") func aSpawnerThatCannotStartIsExplained() async throws {
        try await RuntimeFixture.with { host in
            let program = host.folder.path + "/broken"
            try AtomicFile.replace(program, with: "#!/bin/sh\necho no luck today >&2\nexit 3\n", mode: 0o755)
            try host.restart { $0.shimProgram = program }
            let failure = await #expect(throws: RuntimeFailure.self) { try await host.runtime.createSandbox(host.sandbox()) }
            #expect(failure?.code == .sandbox && failure?.message.contains("no luck today") == true, "\(failure.map { "\($0)" } ?? "none")")
        }
    }
}
