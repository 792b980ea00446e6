import Glibc
import LinuxSystem
import PodCore
import TestSupport
import Testing

@testable import PodRuntime
@testable import ShimClient

/// Pods with `hostUsers: false`, on the real kernel.
@Suite(.serialized, .enabled(if: RuntimeFixture.isPossible, "needs root, cgroup v2, busybox and the C programs (make shim pause)"))
struct UserNamespaceTests {
    private func owner(_ path: String) throws -> UInt32 { try FileStatus(of: path).uid }

    @Test("the pod's root has no rights on the node") func theRootOfThePodIsNobodyOnTheNode() async throws {
        try await RuntimeFixture.with { fixture in
            let sandbox = fixture.sandbox(user: .pod)
            let started = try await fixture.runtime.createSandbox(sandbox)
            let first = try #require(try fixture.runtime.sandbox(sandbox.id).document.ids).first
            #expect(try SmallFile.line("/proc/\(started.pausePID)/uid_map").split(separator: " ") == ["0", "\(first)", "65536"])
            #expect(try SmallFile.line("/proc/\(started.pausePID)/gid_map").split(separator: " ") == ["0", "\(first)", "65536"])

            let volume = fixture.folder.path + "/volume"
            try Directories.make(volume)
            try AtomicFile.replace(volume + "/given", with: "hello", mode: 0o600)
            let line = """
                set -e
                test "$(id -u):$(id -g)" = 0:0
                test "$(cat /volume/given)" = hello
                touch /volume/made /made /dev/shm/made /tmp/made
                chmod 600 /bin/busybox
                ls -ln /volume/made /made /dev/shm/made /bin/busybox
                """
            let container = fixture.container(["sh", "-c", line]) {
                $0.mounts = [.init(source: volume, destination: "/volume", readOnly: false)]
            }
            _ = try await fixture.runtime.startContainer(container, inSandbox: sandbox.id)
            let log = try await fixture.follow(container, sandbox.id)
            // Links, owner, group.
            let owners = log.split(separator: "\n").map { $0.split(separator: " ").prefix(4).dropFirst(2).joined(separator: ":") }
            #expect(owners == ["0:0", "0:0", "0:0", "0:0"], "\(log)")
            // On a volume the pod's ids are as they are inside; in its own layer they are the node's name for them.
            #expect(try owner(volume + "/made") == 0)
            let upper = fixture.runtime.paths(sandbox.id).container(container.id).upper
            #expect(try owner(upper + "/made") == first)
            #expect(try owner(upper + "/bin/busybox") == first)
            #expect(try owner(fixture.image + "/bin/busybox") == 0)

            let sleeper = fixture.container(["sleep", "1000"])
            let process = try await fixture.runtime.startContainer(sleeper, inSandbox: sandbox.id)
            #expect(try owner("/proc/\(process.pid)") == first)
            let exec = try await fixture.exec(["sh", "-c", "id -u; cat /proc/self/uid_map"], sleeper.id, sandbox.id)
            #expect(exec.code == 0 && exec.out.split(whereSeparator: { $0 == " " || $0 == "\n" }) == ["0", "0", "\(first)", "65536"], "\(exec)")
        }
    }

    @Test("pods share no ids and keep theirs across a restart") func podsDoNotShareIDsAndKeepThemOverARestart() async throws {
        try await RuntimeFixture.with { fixture in
            let sandboxes = [fixture.sandbox(user: .pod), fixture.sandbox(user: .pod)]
            for sandbox in sandboxes { _ = try await fixture.runtime.createSandbox(sandbox) }
            func firsts() throws -> [UInt32?] { try sandboxes.map { try fixture.runtime.sandbox($0.id).document.ids?.first } }
            let before = try firsts()
            #expect(Set(before).count == 2 && !before.contains(nil))

            try fixture.restart()
            #expect(try await fixture.runtime.recover().count == 2)
            #expect(try firsts() == before)
            let third = fixture.sandbox(user: .pod)
            _ = try await fixture.runtime.createSandbox(third)
            let new = try fixture.runtime.sandbox(third.id).document.ids?.first
            #expect(!before.contains(new))
            #expect(try await fixture.run("id -u", in: sandboxes[0].id).log == "0\n")

            try await fixture.runtime.removeSandbox(sandboxes[0].id)
            let fourth = fixture.sandbox(user: .pod)
            _ = try await fixture.runtime.createSandbox(fourth)
            #expect(try fixture.runtime.sandbox(fourth.id).document.ids?.first == before[0])
        }
    }

    @Test("the ids of an unreadable sandbox are free once it has ended") func idsOfASandboxThatCannotBeReadAreFreeWhenItHasEnded() async throws {
        try await RuntimeFixture.with { fixture in
            let damaged = fixture.sandbox(user: .pod)
            let started = try await fixture.runtime.createSandbox(damaged)
            let first = try #require(try fixture.runtime.sandbox(damaged.id).document.ids).first
            try AtomicFile.replace(fixture.runtime.paths(damaged.id).document, with: "{ half a docu")

            try fixture.restart()
            #expect(try await fixture.runtime.recover().isEmpty)
            #expect(!ProcessCheck.runs(started.pausePID))
            let other = fixture.sandbox(user: .pod)
            _ = try await fixture.runtime.createSandbox(other)
            #expect(try fixture.runtime.sandbox(other.id).document.ids?.first == first)
        }
    }

    @Test("an image with ids beyond the pod's is refused") func anImageOfIDsBeyondThePodsIsRefused() async throws {
        try await RuntimeFixture.with { fixture in
            try systemCall("chown", fixture.image) { chown(fixture.image, 70000, 0) }
            let sandbox = fixture.sandbox(user: .pod)
            _ = try await fixture.runtime.createSandbox(sandbox)
            let failure = await #expect(throws: RuntimeFailure.self) { try await fixture.run("true", in: sandbox.id) }
            #expect(failure?.code == .create && failure?.message.contains("70000:0") == true)
        }
    }
}
