import Glibc
import LinuxCgroups
import LinuxSystem
import PodCore
import TestSupport
import Testing

@testable import PodRuntime
@testable import ShimClient

/// Records that cannot be read: nothing is ever there twice because of them.
@Suite(.serialized, .enabled(if: RuntimeFixture.isPossible, "needs root, cgroup2, busybox, and the shim (make shim pause)"), .timeLimit(.minutes(2)))
struct UnreadableTests {
    private static func cut(_ path: String) throws {
        let bytes = try SmallFile.bytes(path, limit: 1 << 20)
        try AtomicFile.replace(path, with: Array(bytes.prefix(bytes.count / 2)))
    }

    private struct Pod {
        let sandbox: StartedSandbox
        let configuration: SandboxConfiguration
        let container: ContainerConfiguration
        let started: StartedContainer
        let shim: ProcessIdentity
    }

    private static func start(_ host: RuntimeFixture) async throws -> Pod {
        let configuration = host.sandbox()
        let sandbox = try await host.runtime.createSandbox(configuration)
        let container = host.container(["sleep", "1000"])
        let started = try await host.runtime.startContainer(container, inSandbox: sandbox.id)
        return Pod(
            sandbox: sandbox, configuration: configuration, container: container, started: started,
            shim: try #require(try host.runtime.sandbox(sandbox.id).shim))
    }

    @Test("a living shim's answer counts more than damaged files", arguments: ["state", "exit"]) func aLivingShimKnowsBetterThanItsFiles(
        _ name: String
    ) async throws {
        try await RuntimeFixture.with { host in
            let pod = try await Self.start(host)
            let paths = host.runtime.paths(pod.sandbox.id)
            let file = paths.container(pod.container.id).directory + "/" + name
            if name == "state" { try Self.cut(file) } else { try AtomicFile.replace(file, with: "no exit") }
            try Self.cut(paths.state)
            host.forgetRuntime()
            try host.restart()
            let found = try await host.runtime.recover()
            #expect(found.first?.containers == [RecoveredSandbox.Container(configuration: pod.container, condition: .running(pod.started))])
            #expect(try host.runtime.sandbox(pod.sandbox.id).shim == pod.shim)
        }
    }

    @Test("a container with damaged files of a dead shim has ended", arguments: ["state", "exit"]) func whatADeadShimLeftDamagedHasEnded(
        _ name: String
    ) async throws {
        try await RuntimeFixture.with { host in
            let pod = try await Self.start(host)
            host.forgetRuntime()
            let file = host.folder.path + "/run/sandboxes/\(pod.sandbox.id)/containers/\(pod.container.id)/\(name)"
            let shim = try pod.shim.open()
            try shim.signal(SIGKILL)
            try await shim.waitForExit(timeout: .seconds(60))
            if name == "state" { try Self.cut(file) } else { try AtomicFile.replace(file, with: "no exit") }
            try host.restart()
            let found = try await host.runtime.recover()
            guard case .exited(let exit)? = found.first?.containers.first?.condition else {
                Issue.record("\(found)")
                return
            }
            #expect(exit.exitCode == 137 && !exit.isKnown)
            #expect(!ProcessCheck.runs(pod.started.pid))
        }
    }

    @Test("a container without a readable record is ended") func aContainerWithoutARecordIsEnded() async throws {
        try await RuntimeFixture.with { host in
            let pod = try await Self.start(host)
            let kept = host.container(["sleep", "1000"])
            _ = try await host.runtime.startContainer(kept, inSandbox: pod.sandbox.id)
            let paths = host.runtime.paths(pod.sandbox.id)
            try Self.cut(paths.container(pod.container.id).document)
            host.forgetRuntime()
            try host.restart()
            let found = try await host.runtime.recover()
            #expect(found.first?.isRunning == true && found.first?.containers.map(\.configuration) == [kept])
            #expect(!ProcessCheck.runs(pod.started.pid))
            #expect(FileStatusCheck.exists(paths.container(pod.container.id).document))
            #expect(try await host.exec(["echo", "hi"], kept.id, pod.sandbox.id).out == "hi\n")
        }
    }

    @Test("a sandbox without a readable record is ended", arguments: ["cut", "newer", "missing", "cut, shim dead"])
    func aSandboxWithoutARecordIsEnded(_ how: String) async throws {
        try await RuntimeFixture.with { host in
            let pod = try await Self.start(host)
            let other = try await Self.start(host)
            let paths = host.runtime.paths(pod.sandbox.id)
            switch how {
            case "newer":
                var document = try SandboxDocument.read(paths.document)
                document.version = 2
                try document.write(to: paths.document)
            case "missing": try systemCall("unlink") { unlink(paths.document) }
            default: try Self.cut(paths.document)
            }
            host.forgetRuntime()
            if how.hasSuffix("dead") {
                let shim = try pod.shim.open()
                try shim.signal(SIGKILL)
                try await shim.waitForExit(timeout: .seconds(60))
            }
            try host.restart()
            let found = try await host.runtime.recover()
            #expect(found.map(\.configuration) == [other.configuration])
            for pid in [pod.started.pid, pod.sandbox.pausePID, pod.shim.pid] { #expect(!ProcessCheck.runs(pid)) }
            #expect(!FileStatusCheck.exists(paths.directory))
            #expect(try PodCgroup.existing(pod.configuration, host) == false)
            #expect(try DirectoryListing.names(at: host.folder.path + "/state/containers") == [other.container.id])
            #expect(ProcessCheck.runs(other.started.pid))
        }
    }

    /// Until the sandbox is gone, its pod makes no other and its address stays reserved: both follow from the answer of `recover`.
    @Test("a sandbox that cannot be ended holds its pod back") func aSandboxThatCannotBeEndedHoldsItsPodBack() async throws {
        try await RuntimeFixture.with { host in
            let pod = try await Self.start(host)
            let paths = host.runtime.paths(pod.sandbox.id)
            try Self.cut(paths.document)
            try Mounts.tmpfs(at: paths.containers, options: [], flags: [])
            host.forgetRuntime()
            try host.restart()
            let found = try await host.runtime.recover()
            #expect(found.map(\.configuration.id) == [pod.sandbox.id] && found.first?.configuration.pod.uid == pod.configuration.pod.uid)
            #expect(found.first?.isRunning == true && found.first?.addresses == [])
            var events = host.runtime.events.makeAsyncIterator()
            #expect(await events.next() == .sandboxEnded(sandboxID: pod.sandbox.id))
            try Mounts.unmount(paths.containers, lazily: true)
            try await host.runtime.stopSandbox(pod.sandbox.id)
            try await host.runtime.removeSandbox(pod.sandbox.id)
            #expect(!FileStatusCheck.exists(paths.directory))
        }
    }
}

extension PodCgroup {
    fileprivate static func existing(_ configuration: SandboxConfiguration, _ host: RuntimeFixture) throws -> Bool {
        try host.runtime.settings.cgroups.cgroup(name(of: configuration)).exists
    }
}
