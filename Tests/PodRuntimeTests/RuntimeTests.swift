import Glibc
import LinuxCgroups
import LinuxSystem
import PodCore
import TestSupport
import Testing

@testable import PodRuntime
@testable import ShimClient

/// Against the real shim, in real namespaces. One after the other: they look for leftovers.
@Suite(.serialized, .enabled(if: RuntimeFixture.isPossible, "needs root, cgroup2, busybox, and the shim (make shim pause)"), .timeLimit(.minutes(2)))
struct RuntimeTests {
    @Test("a pod starts, runs and ends") func aPodLivesAndEnds() async throws {
        try await RuntimeFixture.with { host in
            let runtime = host.runtime
            let sandbox = try await runtime.createSandbox(host.sandbox(sysctls: ["net.ipv4.ip_unprivileged_port_start": "80"]))
            #expect(FileStatusCheck.exists(sandbox.networkNamespacePath))
            try await runtime.record(addresses: ["10.0.0.2"], ofSandbox: sandbox.id)
            let container = host.container(["sh", "-c", "echo out; echo err >&2; hostname; exit 3"])
            var events = runtime.events.makeAsyncIterator()
            let started = try await runtime.startContainer(container, inSandbox: sandbox.id)
            #expect(started.pid > 0)
            guard case .containerExited(sandbox.id, container.id, let exit)? = await events.next() else {
                Issue.record("wanted the exit")
                return
            }
            #expect(exit.exitCode == 3 && exit.signal == nil && exit.isKnown && !exit.outOfMemory)
            #expect(exit.startedAt == started.startedAt)
            let log = try await host.follow(container, sandbox.id)
            #expect(log.split(separator: "\n").sorted() == ["err", "out", "pod"])
            try await runtime.signal(SIGTERM, container: container.id, inSandbox: sandbox.id)
            try await runtime.kill(container: container.id, inSandbox: sandbox.id)
            try await runtime.removeContainer(container.id, inSandbox: sandbox.id)
            try await runtime.removeContainer(container.id, inSandbox: sandbox.id)
            #expect(FileStatusCheck.exists(container.log.path))
            let still = host.container(["sh", "-c", "trap '' TERM; sleep 1000"])
            let stillStarted = try await runtime.startContainer(still, inSandbox: sandbox.id)
            await #expect(throws: RuntimeFailure.self) { try await runtime.removeContainer(still.id, inSandbox: sandbox.id) }
            try await runtime.stop(container: still.id, inSandbox: sandbox.id)
            for _ in 0..<2 { try await runtime.stopSandbox(sandbox.id) }
            guard case .containerExited(sandbox.id, still.id, let killed)? = await events.next() else {
                Issue.record("wanted the exit of the container that was stopped with its sandbox")
                return
            }
            #expect(killed.exitCode == 137 && killed.signal == 9 && killed.isKnown && killed.startedAt == stillStarted.startedAt)
            #expect(!FileStatusCheck.exists("/proc/\(sandbox.pausePID)"))
            for _ in 0..<2 { try await runtime.removeSandbox(sandbox.id) }
        }
    }

    @Test("a container sees its own root, mounts, limits and users") func whatContainersSee() async throws {
        try await RuntimeFixture.with { host in
            let sandbox = try await host.runtime.createSandbox(host.sandbox())
            let secret = host.folder.path + "/volume"
            try Directories.make(secret + "/sub/deep")
            try AtomicFile.replace(secret + "/sub/deep/key", with: "s3cret\n", mode: 0o644)
            let plain = try await host.run("echo $GREETING; id -u; cat /proc/1/comm; true", in: sandbox.id)
            #expect(plain.exitCode == 0 && plain.log == "hello\n0\nsh\n", "\(plain)")
            // Seccomp is loaded without no_new_privs for a user that has no capabilities.
            let user = try await host.run("id -u; touch /x; unshare -n true", in: sandbox.id) { container in
                container.process.uid = 1000
                container.process.gid = 1000
            }
            #expect(
                user.exitCode != 0 && user.log.hasPrefix("1000\n") && user.log.contains("Permission denied") && user.log.contains("not permitted"))
            let nnp = try await host.run("cat /proc/self/status | busybox grep -E 'NoNewPrivs|Seccomp:'", in: sandbox.id) {
                $0.process.noNewPrivileges = true
            }
            #expect(nnp.log == "NoNewPrivs:\t1\nSeccomp:\t2\n")
            let readOnly = try await host.run("touch /y; touch /v/z; cat /v/key; touch /tmp/w", in: sandbox.id) { container in
                container.readOnlyRootFilesystem = true
                container.mounts = [
                    ContainerConfiguration.Mount(source: secret, subPath: "sub/deep", destination: "/v", readOnly: true),
                    ContainerConfiguration.Mount(source: host.folder.path, destination: "/tmp", readOnly: false),
                ]
            }
            #expect(readOnly.exitCode == 0 && readOnly.log.contains("s3cret") && readOnly.log.components("Read-only") == 2, "\(readOnly)")
            // /dev/shm belongs to the pod, writable layers to one container.
            _ = try await host.run("echo shared > /dev/shm/a; echo own > /own", in: sandbox.id)
            #expect(try await host.run("cat /dev/shm/a; ls /own", in: sandbox.id).log.hasPrefix("shared\n"))
            #expect(try await host.run("ls /own", in: sandbox.id).exitCode != 0)
        }
    }

    @Test("a subPath never leaves its volume") func subPathsStayInTheirVolume() async throws {
        try await RuntimeFixture.with { host in
            let sandbox = try await host.runtime.createSandbox(host.sandbox())
            let volume = host.folder.path + "/volume"
            try Directories.make(volume)
            try systemCall("symlink") { symlink("/etc", volume + "/absolute") }
            try systemCall("symlink") { symlink("../../..", volume + "/up") }
            for subPath in ["absolute", "up", "up/etc", "absolute/passwd", "../x", "/etc"] {
                let container = host.container(["sh"]) {
                    $0.mounts = [ContainerConfiguration.Mount(source: volume, subPath: subPath, destination: "/v", readOnly: false)]
                }
                await #expect("\(subPath)") {
                    try await host.runtime.startContainer(container, inSandbox: sandbox.id)
                } throws: { error in
                    (error as? RuntimeFailure)?.code == .configuration
                }
            }
            let made = try await host.run("echo x > /v/file", in: sandbox.id) {
                $0.mounts = [ContainerConfiguration.Mount(source: volume, subPath: "new/dir", destination: "/v", readOnly: false)]
            }
            #expect(made.exitCode == 0 && FileStatusCheck.exists(volume + "/new/dir/file"))
        }
    }

    @Test("a failed start is explained and leaves nothing") func failedStartsAreExplainedAndLeaveNothing() async throws {
        try await RuntimeFixture.with { host in
            let sandbox = try await host.runtime.createSandbox(host.sandbox())
            let cases: [(ContainerConfiguration, RuntimeFailure.Code, String)] = [
                (host.container(["/no/such/program"]), .start, "exec: \"/no/such/program\": stat /no/such/program: no such file or directory"),
                (host.container(["nope"]), .start, "exec: \"nope\": executable file not found in $PATH"),
                (host.container(["/data/plain"]), .start, "exec: \"/data/plain\": permission denied"),
                (host.container(["/data"]), .start, "exec: \"/data\": is a directory"),
                (
                    host.container(["sh"]) { $0.process.env.append("BIG=" + String(repeating: "x", count: 131_068)) }, .start,
                    "exec: \"sh\": argument list too long: variable BIG takes 131072 bytes with its name, the kernel takes at most 131071"
                ),
                (
                    host.container(["sh", "-c", String(repeating: "x", count: 131_072)]), .start,
                    "argument list too long: argument 2 takes 131072 bytes, the kernel takes at most 131071"
                ),
                (host.container([]), .create, "no command"),
                (host.container(["sh"]) { $0.process.capabilities = ["CAP_MADE_UP"] }, .create, "CAP_MADE_UP"),
                (host.container(["sh"]) { $0.process.seccomp = .localhost(path: "/no/profile.json") }, .create, "/no/profile.json"),
                (
                    host.container(["sh"]) { $0.mounts = [ContainerConfiguration.Mount(source: "/no/such", destination: "/v", readOnly: true)] },
                    .create,
                    "/no/such"
                ),
                (
                    host.container(["sh"]) { $0.mounts = [ContainerConfiguration.Mount(source: "/etc", destination: "/proc/1", readOnly: true)] },
                    .create,
                    "/proc"
                ),
            ]
            for (container, code, text) in cases {
                await #expect("\(text)") {
                    try await host.runtime.startContainer(container, inSandbox: sandbox.id)
                } throws: { error in
                    guard let failure = error as? RuntimeFailure else { return false }
                    if failure.code != code || !failure.message.contains(text) { Issue.record("\(failure.code) \(failure)") }
                    return failure.code == code && failure.message.contains(text)
                }
                #expect(!FileStatusCheck.exists(host.runtime.paths(sandbox.id).container(container.id).directory))
                #expect(!FileStatusCheck.exists(host.runtime.paths(sandbox.id).container(container.id).layer))
                #expect(try host.runtime.sandbox(sandbox.id).cgroup.child(container.id).exists == false)
            }
            await #expect(throws: RuntimeFailure.self) { try await host.runtime.startContainer(host.container(["sh"]), inSandbox: "unknown") }
        }
    }

    @Test("a sandbox that cannot be made leaves nothing") func aSandboxThatCannotBeMadeLeavesNothing() async throws {
        try await RuntimeFixture.with(pause: "/no/pause") { host async throws in
            await #expect {
                try await host.runtime.createSandbox(host.sandbox())
            } throws: { error in
                guard let failure = error as? RuntimeFailure else { return false }
                return failure.code == .sandbox && failure.message.contains("/no/pause")
            }
            #expect(try DirectoryListing.names(at: host.folder.path + "/run/sandboxes").isEmpty)
        }
    }

    @Test("an exec runs in its container, with its streams and its exit code") func programsRunInContainers() async throws {
        try await RuntimeFixture.with { host in
            let sandbox = try await host.runtime.createSandbox(host.sandbox())
            let container = host.container(["sleep", "1000"])
            _ = try await host.runtime.startContainer(container, inSandbox: sandbox.id)
            let simple = try await host.exec(["sh", "-c", "echo out; echo err >&2; exit 7"], container.id, sandbox.id)
            #expect(simple.code == 7 && simple.out == "out\n" && simple.err == "err\n")
            let text = String(repeating: "0123456789abcdef", count: 40_000)
            async let copied = host.exec(["wc", "-c"], container.id, sandbox.id, stdin: text)
            #expect(try await copied.out == "640000\n")
            #expect(try await host.exec(["env"], container.id, sandbox.id).out.contains("GREETING=hello"))
            #expect(try await host.exec(["unshare", "-n", "true"], container.id, sandbox.id).code != 0)
            await #expect {
                try await host.exec(["/no/such"], container.id, sandbox.id)
            } throws: { error in
                (error as? RuntimeFailure) == RuntimeFailure(.start, "exec: \"/no/such\": stat /no/such: no such file or directory")
            }
            // A program that closes its stdin, and a program that leaves a process behind with its streams.
            #expect(try await host.exec(["head", "-c", "1"], container.id, sandbox.id, stdin: text).out == "0")
            #expect(try await host.exec(["sh", "-c", "sleep 1000 & echo done"], container.id, sandbox.id).out == "done\n")
            // More output than any buffer, read to the end.
            #expect(try await host.exec(["sh", "-c", "seq 1 200000 | wc -c; seq 1 200000"], container.id, sandbox.id).out.utf8.count > 1_288_000)

            let endless = try await host.runtime.exec(
                ExecRequest(
                    sandboxID: sandbox.id, containerID: container.id, command: ["sh", "-c", "sleep 2000 | sleep 2000"], stdin: false, stdout: true,
                    stderr: true))
            await endless.terminate()
            #expect(try await endless.exitCode() == 137)
            #expect(try await endless.read() == nil)
            try await host.waitUntilGone("sleep 2000", container.id, sandbox.id)

            try await host.runtime.stop(container: container.id, inSandbox: sandbox.id)
            try await host.runtime.kill(container: container.id, inSandbox: sandbox.id)
            _ = try await host.follow(container, sandbox.id)
            await #expect {
                try await host.exec(["sh"], container.id, sandbox.id)
            } throws: { error in
                (error as? RuntimeFailure)?.code == .notRunning
            }
        }
    }

    @Test("processes that a container leaves behind end with it") func whatAContainerLeavesBehindEndsWithIt() async throws {
        try await RuntimeFixture.with { host in
            // With the pod's process ids shared, the end of its first process is not that of the others.
            let sandbox = try await host.runtime.createSandbox(host.sandbox(pid: .pod))
            let container = host.container(["sh", "-c", "busybox setsid sleep 5000 < /dev/null > /dev/null 2>&1 & exit 0"])
            _ = try await host.runtime.startContainer(container, inSandbox: sandbox.id)
            _ = try await host.follow(container, sandbox.id)
            let cgroup = try host.runtime.sandbox(sandbox.id).cgroup.child(container.id)
            #expect(try cgroup.processes().isEmpty)
            // Any other process in the container's cgroup, moved there or left by an earlier shim, ends with the container's removal.
            let stray = try ChildProcess(ChildProcess.Request(executable: "/bin/sleep", arguments: ["sleep", "5000"]))
            try cgroup.add(pid: stray.pid)
            try await host.runtime.removeContainer(container.id, inSandbox: sandbox.id)
            _ = try await stray.exitStatus(timeout: .seconds(60))
            #expect(!cgroup.exists)
            #expect(!FileStatusCheck.exists(host.runtime.paths(sandbox.id).container(container.id).layer))
            #expect(try await host.run("echo on", in: sandbox.id).log == "on\n")
        }
    }

    @Test("every exit is reported once, and no descriptor leaks") func everyExitIsToldOnceAndNoDescriptorStays() async throws {
        try await RuntimeFixture.with { host in
            let runtime = host.runtime
            let sandbox = try await runtime.createSandbox(host.sandbox())
            let keeper = host.container(["sleep", "1000"])
            _ = try await runtime.startContainer(keeper, inSandbox: sandbox.id)
            var events = runtime.events.makeAsyncIterator()
            var before = 0
            for round in 0..<3 {
                // The first round makes what is made once.
                if round == 1 { before = try DirectoryListing.names(at: "/proc/self/fd").count }
                var wanted: [String: Int] = [:]
                try await withThrowingTaskGroup(of: (String, Int).self) { group in
                    for number in 0..<24 {
                        group.addTask {
                            let container = host.container(["sh", "-c", "exit \(number)"])
                            _ = try await runtime.startContainer(container, inSandbox: sandbox.id)
                            return (container.id, number)
                        }
                        group.addTask {
                            let result = try await host.exec(["sh", "-c", "cat; exit \(number)"], keeper.id, sandbox.id, stdin: "in \(number)")
                            #expect(result.code == number && result.out == "in \(number)")
                            return ("", 0)
                        }
                    }
                    for try await (id, number) in group where !id.isEmpty { wanted[id] = number }
                }
                var told: [String: Int] = [:]
                while told.count < wanted.count {
                    guard case .containerExited(sandbox.id, let id, let exit)? = await events.next() else { continue }
                    #expect(told.updateValue(exit.exitCode, forKey: id) == nil)
                }
                #expect(told == wanted)
                for id in wanted.keys { try await runtime.removeContainer(id, inSandbox: sandbox.id) }
            }
            let after = try DirectoryListing.names(at: "/proc/self/fd").count
            // Other suites of this process open files at the same time: a leak would be one for every exec and container.
            #expect(after < before + 24, "\(before) descriptors became \(after)")
        }
    }

    @Test("several pods are made at once") func severalPodsAreMadeAtOnce() async throws {
        try await RuntimeFixture.with { host in
            let clock = ContinuousClock()
            var single: [Duration] = []
            var sandboxes: [Duration] = []
            for _ in 0..<15 {
                let begin = clock.now
                let sandbox = try await host.runtime.createSandbox(host.sandbox())
                let made = clock.now
                _ = try await host.runtime.startContainer(host.container(["sleep", "1000"]), inSandbox: sandbox.id)
                single.append(clock.now - begin)
                sandboxes.append(made - begin)
            }
            let begin = clock.now
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        let sandbox = try await host.runtime.createSandbox(host.sandbox())
                        _ = try await host.runtime.startContainer(host.container(["sleep", "1000"]), inSandbox: sandbox.id)
                    }
                }
                try await group.waitForAll()
            }
            let parallel = clock.now - begin
            print(
                "one pod: p50 \(single.sorted()[7]), its sandbox \(sandboxes.sorted()[7]), fastest \(single.sorted()[0]); 20 at once: \(parallel)"
            )
            host.forgetRuntime()
            try host.restart()
            let recovering = clock.now
            #expect(try await host.runtime.recover().count == 35)
            print("35 pods recovered: \(clock.now - recovering)")
            let stopping = clock.now
            let ids = try DirectoryListing.names(at: host.folder.path + "/run/sandboxes")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for id in ids { group.addTask { try await host.runtime.removeSandbox(id) } }
                try await group.waitForAll()
            }
            print("\(ids.count) pods removed at once: \(clock.now - stopping)")
        }
    }
}

enum FileStatusCheck {
    static func exists(_ path: String) -> Bool { (try? FileStatus.ifPresent(path)).flatMap { $0 } != nil }
}

extension String {
    /// How often a text occurs.
    fileprivate func components(_ text: String) -> Int {
        var count = 0
        var rest = self[...]
        while let found = rest.firstRange(of: text) {
            count += 1
            rest = rest[found.upperBound...]
        }
        return count
    }
}
