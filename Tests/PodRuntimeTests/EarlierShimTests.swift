import FoundationEssentials
import Glibc
import LinuxSystem
import PodCore
import TestSupport
import Testing

@testable import PodRuntime
@testable import ShimClient

/// An agent with the shims and the records of its predecessor, which stay with their pods.
@Suite(.serialized, .enabled(if: RuntimeFixture.isPossible, "needs root, cgroup2, busybox, and the shim (make shim pause)"), .timeLimit(.minutes(3)))
struct EarlierShimTests {
    /// The last version before terminals, attach, user namespaces and AppArmor.
    private static let version = "041bea0"

    private static func shell(_ line: String) async throws -> LinuxSystem.ExitStatus {
        let child = try ChildProcess(
            ChildProcess.Request(
                executable: "/bin/sh", arguments: ["sh", "-c", line], environment: ["PATH=/usr/bin:/bin", "HOME=/root"],
                directory: RuntimeFixture.root))
        return try await child.exitStatus(timeout: .seconds(120))
    }

    /// Built from the history; `nil` where that is not there (a shallow clone, a source archive).
    private static func build(in folder: String) async throws -> String? {
        let there = try await shell("git -c safe.directory='*' cat-file -e \(version)^{commit} 2> /dev/null")
        guard there == .exited(0) else { return nil }
        let built = try await shell(
            """
            set -e
            git -c safe.directory='*' archive \(version) Sources/swiftlet-shim Sources/swiftlet-pause Sources/CLinux | tar -x -C \(folder)
            cd \(folder) && make -s -f Sources/swiftlet-shim/shim.mk shim pause > make.log 2>&1
            """)
        #expect(built == .exited(0), "see make.log")
        return folder + "/build/bin"
    }

    @Test("a shim of the version before goes on") func aShimOfTheVersionBeforeGoesOn() async throws {
        let folder = try TemporaryFolder(mode: 0o755)
        defer { try? folder.remove() }
        guard let programs = try await Self.build(in: folder.path) else {
            print("SKIPPED: an agent with an earlier shim, the history has no commit \(Self.version) (a shallow clone?)")
            return
        }
        try await RuntimeFixture.with(programs: programs) { host in
            let sandbox = try await host.runtime.createSandbox(host.sandbox())
            let kept = host.container(["sh", "-c", "echo begin; wc -c; while [ ! -e /dev/shm/go ]; do sleep 0.01; done; echo over; exit 4"]) {
                $0.stdin = true
                $0.stdinOnce = true
            }
            let started = try await host.runtime.startContainer(kept, inSandbox: sandbox.id)
            let shim = try #require(try host.runtime.sandbox(sandbox.id).shim)
            host.forgetRuntime()

            try host.restart()
            let found = try await host.runtime.recover()
            #expect(found.count == 1 && found.first?.isRunning == true)
            #expect(found.first?.containers == [RecoveredSandbox.Container(configuration: kept, condition: .running(started))])
            #expect(try host.runtime.sandbox(sandbox.id).shim == shim)

            // The earlier version supports these.
            #expect(try await host.exec(["sh", "-c", "cat; exit 3"], kept.id, sandbox.id, stdin: "in").code == 3)
            #expect(try await host.run("echo second", in: sandbox.id).log == "second\n")
            let stdin = try await host.runtime.attach(
                AttachRequest(sandboxID: sandbox.id, containerID: kept.id, stdin: true, stdout: false, stderr: false))
            try await stdin.write(Array("12345".utf8))
            await stdin.closeInput()
            let timed = try await host.runtime.exec(
                ExecRequest(
                    sandboxID: sandbox.id, containerID: kept.id, command: ["sleep", "1000"], stdin: false, stdout: true, stderr: true,
                    timeout: .milliseconds(100)))
            await #expect {
                try await timed.exitCode()
            } throws: { error in
                (error as? RuntimeFailure)?.code == .timedOut
            }

            // The error names what the earlier version does not support.
            try await refuses {
                _ = try await host.runtime.exec(
                    ExecRequest(
                        sandboxID: sandbox.id, containerID: kept.id, command: ["sh"], stdin: true, stdout: true, stderr: false, terminal: true,
                        size: TerminalSize(columns: 80, rows: 24)))
            }
            try await refuses {
                _ = try await host.runtime.attach(
                    AttachRequest(sandboxID: sandbox.id, containerID: kept.id, stdin: false, stdout: true, stderr: true))
            }
            try await refuses {
                _ = try await host.runtime.startContainer(host.container(["sh"]) { $0.terminal = true }, inSandbox: sandbox.id)
            }

            // The refusals have left nothing behind that is in the way of the end.
            _ = try await host.exec(["touch", "/dev/shm/go"], kept.id, sandbox.id)
            #expect(try await host.follow(kept, sandbox.id) == "begin\n5\nover\n")
            guard case .exited(let exit)? = try host.runtime.sandbox(sandbox.id).container(kept.id)?.phase else {
                Issue.record("wanted the exit")
                return
            }
            #expect(exit.exitCode == 4 && exit.isKnown)
            let last = host.container(["sleep", "1000"])
            _ = try await host.runtime.startContainer(last, inSandbox: sandbox.id)
            try await host.runtime.stop(container: last.id, inSandbox: sandbox.id)
            try await host.runtime.stopSandbox(sandbox.id)
            try await host.runtime.removeSandbox(sandbox.id)
            #expect(!ProcessCheck.runs(shim.pid))
        }
    }

    private func refuses(_ body: () async throws -> Void) async throws {
        await #expect {
            try await body()
        } throws: { error in
            guard let failure = error as? RuntimeFailure else { return false }
            if failure.code != .notSupported { Issue.record("\(failure.code): \(failure)") }
            return failure.code == .notSupported && failure.message.contains("this pod's shim is of an earlier version")
        }
    }

    /// As that version wrote them, word for word.
    @Test("records of the version before are read") func recordsOfTheVersionBeforeAreRead() throws {
        let folder = try TemporaryFolder(mode: 0o755)
        defer { try? folder.remove() }
        try AtomicFile.replace(folder.path + "/sandbox.json", with: EarlierRecords.sandbox)
        let sandbox = try SandboxDocument.read(folder.path + "/sandbox.json")
        #expect(sandbox.configuration.pod.uid == "uid-1" && sandbox.configuration.sysctls == ["net.ipv4.ip_forward": "1"])
        #expect(sandbox.addresses == ["10.1.2.3"] && sandbox.cgroup == "kubepods/besteffort/poduid-1")
        try AtomicFile.replace(folder.path + "/container.json", with: EarlierRecords.container)
        let container = try ContainerDocument.read(folder.path + "/container.json").configuration
        #expect(container.name == "c" && container.process.seccomp == .runtimeDefault && !container.terminal && container.stdin)
        #expect(container.mounts.first?.propagation == .private && container.log.maxFiles == 5)
    }
}

enum EarlierRecords {
    static let sandbox = """
        {"addresses":["10.1.2.3"],"cgroup":"kubepods/besteffort/poduid-1","configuration":{"attempt":0,"hostname":"pod","id":"s1",
        "ipc":"pod","labels":{},"network":"pod","pid":"container","pod":{"name":"pod","namespace":"test","uid":"uid-1"},
        "qosClass":"BestEffort","resources":{"hugepageLimits":{}},"sysctls":{"net.ipv4.ip_forward":"1"}},"createdAt":1700000000000000000,
        "version":1}
        """
    static let container = """
        {"configuration":{"id":"c1","image":"busybox","imageID":"sha256:1","log":{"maxFiles":5,"maxSize":10485760,"path":"/logs/0.log"},
        "lowerDirectories":["/lower"],"maskedPaths":["/proc/kcore"],"mounts":[{"destination":"/v","propagation":"private","readOnly":true,
        "recursiveReadOnly":false,"source":"/data","subPath":"a"}],"name":"c","privileged":false,"process":{"additionalGids":[5],
        "args":["sh"],"capabilities":["CAP_KILL"],"cwd":"/","env":["PATH=/bin"],"gid":0,"noNewPrivileges":false,"oomScoreAdj":1000,
        "seccomp":{"runtimeDefault":{}},"uid":0},"readOnlyRootFilesystem":false,"readonlyPaths":["/proc/sys"],
        "resources":{"hugepageLimits":{}},"restartCount":2,"role":"regular","stdin":true,"stdinOnce":true,"stopSignal":15,
        "terminationMessageFile":"/t"},"version":1}
        """
}
