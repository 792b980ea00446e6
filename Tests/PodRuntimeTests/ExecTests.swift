import Glibc
import LinuxCgroups
import LinuxSystem
import PodCore
import TestSupport
import Testing

@testable import PodRuntime
@testable import ShimClient

/// Programs in containers and clients of containers, with and without a terminal.
@Suite(.serialized, .enabled(if: RuntimeFixture.isPossible, "needs root, cgroup2, busybox, and the shim (make shim pause)"), .timeLimit(.minutes(2)))
struct ExecTests {
    /// Reads what comes until `text` is in it.
    private func read(_ session: any ContainerStreams, until text: String) async throws -> String {
        var all = ""
        while !all.contains(text) {
            guard case .stdout(let bytes)? = try await session.read() else {
                Issue.record("wanted \"\(text)\", found only \"\(all)\"")
                return all
            }
            all += String(decoding: bytes, as: UTF8.self)
        }
        return all
    }

    private func rest(_ session: any ContainerStreams) async throws -> String {
        var all = ""
        while let output = try await session.read() {
            switch output {
            case .stdout(let bytes), .stderr(let bytes): all += String(decoding: bytes, as: UTF8.self)
            }
        }
        return all
    }

    /// As the container runs on with the filter it was started with, so do the programs that join it.
    @Test("an exec has its container's seccomp filter, even if the profile has changed since")
    func aProgramHasTheContainersFilterWhateverBecomesOfTheProfile() async throws {
        try await RuntimeFixture.with { host in
            let profile = host.folder.path + "/profile.json"
            let rule = #"{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":95}"#
            try AtomicFile.replace(profile, with: #"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[\#(rule)]}"#)
            let sandbox = try await host.runtime.createSandbox(host.sandbox())
            let container = host.container(["sleep", "1000"]) { $0.process.seccomp = .localhost(path: profile) }
            _ = try await host.runtime.startContainer(container, inSandbox: sandbox.id)
            let mkdir = { (directory: String) in try await host.exec(["busybox", "mkdir", directory], container.id, sandbox.id) }
            #expect(try await mkdir("/a").err.contains("not supported"))
            try AtomicFile.replace(profile, with: #"{"defaultAction":"SCMP_ACT_ALLOW"}"#)
            #expect(try await mkdir("/b").err.contains("not supported"))
            try systemCall("unlink") { unlink(profile) }
            #expect(try await mkdir("/c").err.contains("not supported"))
            try host.restart()
            #expect(try await host.runtime.recover().count == 1)
            #expect(try await mkdir("/d").err.contains("not supported"))

            // Without the launch record it is the profile of now.
            try systemCall("unlink") { unlink(host.runtime.paths(sandbox.id).container(container.id).launchRecord) }
            await #expect(throws: RuntimeFailure.self) { try await mkdir("/e") }
            try AtomicFile.replace(profile, with: #"{"defaultAction":"SCMP_ACT_ALLOW"}"#)
            #expect(try await mkdir("/f").code == 0)
            // One that is damaged is no reason to run without a filter.
            try AtomicFile.replace(host.runtime.paths(sandbox.id).container(container.id).launchRecord, with: "half")
            await #expect(throws: RuntimeFailure.self) { try await mkdir("/g") }
        }
    }

    @Test("an exec on a terminal has its size and its echo") func aProgramOnATerminal() async throws {
        try await RuntimeFixture.with { host in
            let sandbox = try await host.runtime.createSandbox(host.sandbox())
            let container = host.container(["sleep", "1000"])
            _ = try await host.runtime.startContainer(container, inSandbox: sandbox.id)
            let session = try await host.runtime.exec(
                ExecRequest(
                    sandboxID: sandbox.id, containerID: container.id,
                    command: [
                        "sh", "-c",
                        """
                        trap 'busybox stty size' WINCH; busybox stty size; test -t 0 && test -t 1 && test -t 2 && echo all
                        while :; do read line && echo "got $line"; [ "$line" = end ] && exit 5; done
                        """,
                    ],
                    stdin: true, stdout: true, stderr: true, terminal: true, size: TerminalSize(columns: 101, rows: 33)))
            #expect(try await read(session, until: "all").contains("33 101"))
            try await session.resize(TerminalSize(columns: 120, rows: 40))
            // A shell that gets the signal right before it waits for a line runs its trap after that line.
            try await session.write(Array("\n".utf8))
            #expect(try await read(session, until: "40 120").contains("40 120"))
            try await session.write(Array("one\n".utf8))
            // The terminal's own echo comes before the answer.
            #expect(try await read(session, until: "got one").contains("one\r\n"))
            try await session.write(Array("end\n".utf8))
            #expect(try await rest(session).contains("got end"))
            #expect(try await session.exitCode() == 5)

            // Who goes takes the program with it, whatever it thinks of being hung up.
            let endless = try await host.runtime.exec(
                ExecRequest(
                    sandboxID: sandbox.id, containerID: container.id, command: ["sh", "-c", "trap '' HUP TERM; echo here; sleep 3000; sleep 3000"],
                    stdin: true, stdout: true, stderr: true, terminal: true))
            _ = try await read(endless, until: "here")
            await endless.terminate()
            #expect(try await endless.exitCode() == 137)
            #expect(try await endless.read() == nil)
            try await host.waitUntilGone("sleep 3000", container.id, sandbox.id)
            // A terminal has room for little: more than that, written and read by turns.
            let cat = try await host.runtime.exec(
                ExecRequest(
                    sandboxID: sandbox.id, containerID: container.id,
                    command: ["sh", "-c", "busybox stty raw -echo; echo ready; exec head -c 300000"], stdin: true, stdout: true, stderr: false,
                    terminal: true))
            _ = try await read(cat, until: "ready")
            async let written: Void = cat.write([UInt8](repeating: 0x78, count: 300_000))
            #expect(try await rest(cat).count { $0 == "x" } == 300_000)
            try await written
            #expect(try await cat.exitCode() == 0)
        }
    }

    @Test("an exec that exceeds its timeout is killed with its children") func aCommandThatTakesTooLongIsKilledWithItsChildren() async throws {
        try await RuntimeFixture.with { host in
            let sandbox = try await host.runtime.createSandbox(host.sandbox())
            let container = host.container(["sleep", "1000"])
            _ = try await host.runtime.startContainer(container, inSandbox: sandbox.id)
            let session = try await host.runtime.exec(
                ExecRequest(
                    sandboxID: sandbox.id, containerID: container.id, command: ["sh", "-c", "busybox setsid sleep 4000 & sleep 4000"], stdin: false,
                    stdout: true, stderr: true, timeout: .milliseconds(200)))
            #expect(try await session.read() == nil)
            await #expect {
                try await session.exitCode()
            } throws: { error in
                (error as? RuntimeFailure)?.code == .timedOut
            }
            try await host.waitUntilGone("sleep 4000", container.id, sandbox.id)
            // One that ends in time is as it was.
            let quick = try await host.runtime.exec(
                ExecRequest(
                    sandboxID: sandbox.id, containerID: container.id, command: ["sh", "-c", "exit 3"], stdin: false, stdout: true, stderr: true,
                    timeout: .seconds(60)))
            #expect(try await quick.exitCode() == 3)
        }
    }

    /// A container can stop what joins it.
    @Test("an exec that hangs before its start is given up and never runs") func aCommandThatHangsBeforeItsStartIsGivenUpAndNeverRuns() async throws {
        try await RuntimeFixture.with { host in
            try host.restart { $0.execPatience = .milliseconds(100) }
            let sandbox = try await host.runtime.createSandbox(host.sandbox())
            let container = host.container(["sleep", "1000"])
            _ = try await host.runtime.startContainer(container, inSandbox: sandbox.id)
            let cgroup = try host.runtime.sandbox(sandbox.id).cgroup.child(container.id)
            try SmallFile.write("1", to: cgroup.path + "/cgroup.freeze")
            await #expect(throws: RuntimeFailure.self) { try await host.exec(["touch", "/ran"], container.id, sandbox.id) }
            // Ended in the freezer, not held by it.
            for name in try cgroup.children() { try await cgroup.child(name).waitUntilEmpty(timeout: .seconds(60)) }
            try SmallFile.write("0", to: cgroup.path + "/cgroup.freeze")
            try host.restart()
            _ = try await host.runtime.recover()
            #expect(try await host.exec(["ls", "/ran"], container.id, sandbox.id).code == 1)
        }
    }

    @Test("an attached client gets the output beside the log") func aClientBesideTheLog() async throws {
        try await RuntimeFixture.with { host in
            let sandbox = try await host.runtime.createSandbox(host.sandbox())
            let container = host.container(["sh", "-c", "while read line; do echo \"out $line\"; echo \"err $line\" >&2; done; echo over"]) {
                $0.stdin = true
            }
            _ = try await host.runtime.startContainer(container, inSandbox: sandbox.id)
            let request = AttachRequest(sandboxID: sandbox.id, containerID: container.id, stdin: true, stdout: true, stderr: true)
            let first = try await host.runtime.attach(request)
            let second = try await host.runtime.attach(request)
            try await first.write(Array("1\n".utf8))
            for session in [first, second] {
                var streams: Set<String> = []
                while streams.count < 2, let output = try await session.read() {
                    switch output {
                    case .stdout(let bytes): streams.insert("o:" + String(decoding: bytes, as: UTF8.self))
                    case .stderr(let bytes): streams.insert("e:" + String(decoding: bytes, as: UTF8.self))
                    }
                }
                #expect(streams == ["o:out 1\n", "e:err 1\n"])
            }
            // The end of one client does not end the container, and the next client's input arrives too.
            await first.closeInput()
            await first.terminate()
            #expect(try await first.read() == nil)
            try await second.write(Array("2\n".utf8))
            var text = ""
            while !(text.contains("out 2\n") && text.contains("err 2\n")), let output = try await second.read() {
                switch output {
                case .stdout(let bytes), .stderr(let bytes): text += String(decoding: bytes, as: UTF8.self)
                }
            }
            try await host.runtime.kill(container: container.id, inSandbox: sandbox.id)
            #expect(try await rest(second).isEmpty)
            #expect(try await second.exitCode() == 0)
            #expect(try await host.follow(container, sandbox.id).split(separator: "\n").sorted() == ["err 1", "err 2", "out 1", "out 2"])
            await #expect {
                try await host.runtime.attach(request)
            } throws: { error in
                (error as? RuntimeFailure)?.code == .notRunning
            }
        }
    }

    @Test("stdinOnce ends the input with its first client") func inputThatIsGivenOnce() async throws {
        try await RuntimeFixture.with { host in
            let sandbox = try await host.runtime.createSandbox(host.sandbox())
            let container = host.container(["sh", "-c", "wc -c; while [ ! -e /dev/shm/go ]; do sleep 0.01; done; echo over"]) {
                $0.stdin = true
                $0.stdinOnce = true
            }
            _ = try await host.runtime.startContainer(container, inSandbox: sandbox.id)
            let request = AttachRequest(sandboxID: sandbox.id, containerID: container.id, stdin: true, stdout: true, stderr: true)
            let first = try await host.runtime.attach(request)
            try await first.write([UInt8](repeating: 0x61, count: 200_000))
            // Its end is the container's end of file; the output goes on.
            await first.closeInput()
            #expect(try await read(first, until: "\n") == "200000\n")
            let second = try await host.runtime.attach(request)
            try await second.write(Array("nobody wants this".utf8))
            _ = try await host.exec(["touch", "/dev/shm/go"], container.id, sandbox.id)
            #expect(try await rest(second) == "over\n")
            #expect(try await rest(first) == "over\n")
        }
    }

    @Test("a container on a terminal can be attached to and resized") func aContainerOnATerminal() async throws {
        try await RuntimeFixture.with { host in
            let sandbox = try await host.runtime.createSandbox(host.sandbox())
            let container = host.container([
                "sh", "-c", "trap 'busybox stty size' WINCH; echo begin; while :; do read line && echo \"got $line\"; done",
            ]) {
                $0.stdin = true
                $0.terminal = true
            }
            _ = try await host.runtime.startContainer(container, inSandbox: sandbox.id)
            let session = try await host.runtime.attach(
                AttachRequest(sandboxID: sandbox.id, containerID: container.id, stdin: true, stdout: true, stderr: true))
            try await session.resize(TerminalSize(columns: 90, rows: 30))
            try await session.write(Array("x\n".utf8))
            #expect(try await read(session, until: "got x").contains("x\r\n"))
            try await session.resize(TerminalSize(columns: 91, rows: 31))
            #expect(try await read(session, until: "31 91").contains("31 91"))
            await session.closeInput()
            await session.terminate()
            // Who hung up was the client, not the terminal.
            let again = try await host.runtime.attach(
                AttachRequest(sandboxID: sandbox.id, containerID: container.id, stdin: true, stdout: true, stderr: false))
            try await again.write(Array("y\n".utf8))
            _ = try await read(again, until: "got y")
            try await host.runtime.kill(container: container.id, inSandbox: sandbox.id)
            _ = try await rest(again)
            let log = try await host.follow(container, sandbox.id)
            #expect(log.contains("begin") && log.contains("got x") && log.contains("got y"))
        }
    }

    /// A container that does not read holds a client's writes back, and a client that leaves is free at once.
    @Test("a write to a container that does not read ends with its client") func nobodyWaitsForeverForAContainerThatDoesNotRead() async throws {
        try await RuntimeFixture.with { host in
            let sandbox = try await host.runtime.createSandbox(host.sandbox())
            let container = host.container(["sleep", "1000"]) { $0.stdin = true }
            _ = try await host.runtime.startContainer(container, inSandbox: sandbox.id)
            let session = try await host.runtime.attach(
                AttachRequest(sandboxID: sandbox.id, containerID: container.id, stdin: true, stdout: true, stderr: true))
            let writer = Task { try await session.write([UInt8](repeating: 0, count: 4 << 20)) }
            let reader = Task { try await session.read() }
            await session.terminate()
            try await writer.value
            #expect(try await reader.value == nil)
            let only = try await host.runtime.attach(
                AttachRequest(sandboxID: sandbox.id, containerID: container.id, stdin: true, stdout: false, stderr: false))
            let code = Task { try await only.exitCode() }
            await only.terminate()
            #expect(try await code.value == 0)
        }
    }
}
