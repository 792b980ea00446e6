import Glibc
import LinuxCgroups
import LinuxSystem
import Logging
import PodCore
import Synchronization
import TestSupport
import Testing

@testable import PodRuntime
@testable import ShimClient

/// A runtime with directories, cgroups and a spawner of its own, an image made of busybox, and everything undone at the end.
final class RuntimeFixture: Sendable {
    /// Where `make shim pause` puts the programs, or SWIFTLET_TEST_BIN.
    static let programs: String = {
        if let given = getenv("SWIFTLET_TEST_BIN") { return String(cString: given) }
        return root + "/build/bin"
    }()

    /// The repository, also when the sources were found through a link.
    static let root: String = {
        let file = #filePath
        let real = realpath(file, nil).map { path in
            defer { free(path) }
            return String(cString: path)
        }
        return (real ?? file).split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }
    }()

    static let cgroupMount: String? = (try? MountTable()).flatMap { CgroupTree.mountPoint(in: $0) }

    static var isPossible: Bool {
        isRoot && cgroupMount != nil && access(programs + "/swiftlet-shim", X_OK) == 0 && access("/bin/busybox", X_OK) == 0
    }

    let folder: TemporaryFolder
    /// Where `swiftlet-shim` and `swiftlet-pause` are.
    let programs: String
    let image: String
    let cgroupRoot: String
    private let current: Mutex<ShimRuntime?>

    var runtime: ShimRuntime { current.withLock { $0! } }

    init(programs: String = RuntimeFixture.programs, pause: String? = nil) throws {
        self.programs = programs
        folder = try TemporaryFolder(mode: 0o755)
        image = folder.path + "/image"
        cgroupRoot = (Self.cgroupMount ?? "") + "/" + folder.name
        current = Mutex(nil)
        try Directories.make(cgroupRoot, mode: 0o755)
        for name in ["bin", "etc", "tmp", "data"] { try Directories.make("\(image)/\(name)") }
        try SmallFile.bytes("/bin/busybox", limit: 16 << 20).write(to: image + "/bin/busybox", mode: 0o755)
        for name in [
            "sh", "cat", "echo", "sleep", "id", "mount", "unshare", "seq", "ls", "touch", "test", "wc", "kill", "env", "head", "hostname", "chmod",
        ] {
            try systemCall("symlink") { symlink("busybox", "\(image)/bin/\(name)") }
        }
        try AtomicFile.replace(image + "/etc/passwd", with: "root:x:0:0:root:/:/bin/sh\n", mode: 0o644)
        try AtomicFile.replace(image + "/data/plain", with: "no program\n", mode: 0o644)
        try restart(pause: pause)
    }

    /// A new agent over the same directories. The old one is gone as after a crash.
    func restart(pause: String? = nil, _ change: (inout ShimRuntimeSettings) -> Void = { _ in }) throws {
        let tree = try CgroupTree(root: cgroupRoot, requireControllers: false)
        var logger = Logger.silent
        if getenv("SWIFTLET_TEST_LOG") != nil { logger = Logger(label: "test") }
        var settings = ShimRuntimeSettings(
            runDirectory: folder.path + "/run", stateDirectory: folder.path + "/state", cgroups: tree,
            shimProgram: programs + "/swiftlet-shim", pauseProgram: pause ?? programs + "/swiftlet-pause")
        change(&settings)
        let runtime = try ShimRuntime(settings, logger: logger)
        current.withLock { $0 = runtime }
    }

    func forgetRuntime() { current.withLock { $0 = nil } }

    /// Runs a test and clears up whether it passes, fails or throws; then nothing may be left.
    static func with(
        programs: String = RuntimeFixture.programs, pause: String? = nil, _ body: (RuntimeFixture) async throws -> Void
    ) async throws {
        let fixture = try RuntimeFixture(programs: programs, pause: pause)
        do {
            try await body(fixture)
        } catch {
            try? await fixture.clear()
            throw error
        }
        try await fixture.clear()
    }

    private func clear() async throws {
        if current.withLock({ $0 == nil }) { try restart() }
        let runtime = runtime
        for id in try DirectoryListing.names(at: folder.path + "/run/sandboxes") {
            do { try await runtime.removeSandbox(id) } catch { Issue.record("sandbox \(id) cannot be removed: \(error)") }
        }
        #expect(try DirectoryListing.names(at: folder.path + "/run/sandboxes").isEmpty)
        #expect(try DirectoryListing.names(at: folder.path + "/state/containers").isEmpty)
        #expect(try MountTable().mounts(under: folder.path).isEmpty)
        let spawnerConnection = try? await ShimConnection.connect(directory: folder.path + "/run", socket: "spawner.sock", peer: "the spawner")
        if let spawner = spawnerConnection?.peer?.pid {
            try? PidFD(pid: spawner).signal(SIGTERM)
            try? await PidFD(pid: spawner).waitForExit(timeout: .seconds(60))
        }
        let tree = runtime.settings.cgroups
        #expect(try tree.cgroup(PodCgroup.top).processes().filter(ProcessCheck.runs).isEmpty)
        #expect(try tree.cgroup(PodCgroup.shims).processes().filter(ProcessCheck.runs).isEmpty)
        for cgroup in try tree.cgroup(PodCgroup.top).descendants() {
            // The quality-of-service levels stay; pods do not.
            #expect(!cgroup.name.contains("/pod"), "\(cgroup.name)")
        }
        for name in [PodCgroup.top, PodCgroup.shims] { try await tree.cgroup(name).remove(timeout: .seconds(60)) }
        try systemCall("rmdir", cgroupRoot) { rmdir(cgroupRoot) }
        try folder.remove()
        forgetRuntime()
    }

    // MARK: Configurations

    private static let counter = Atomic<Int>(0)

    static func newID() -> String {
        let digits = String(counter.add(1, ordering: .relaxed).newValue, radix: 16)
        return String(repeating: "0", count: 64 - digits.count) + digits
    }

    func sandbox(
        pid: SandboxConfiguration.NamespaceMode = .container, network: SandboxConfiguration.NamespaceMode = .pod,
        user: SandboxConfiguration.NamespaceMode = .node, sysctls: [String: String] = [:]
    ) -> SandboxConfiguration {
        let id = Self.newID()
        return SandboxConfiguration(
            id: id, pod: PodIdentity(namespace: "test", name: "pod", uid: "uid-" + id.suffix(6)), attempt: 0, hostname: "pod", network: network,
            pid: pid, user: user, sysctls: sysctls, qosClass: "BestEffort")
    }

    func container(_ args: [String], _ change: (inout ContainerConfiguration) -> Void = { _ in }) -> ContainerConfiguration {
        let id = Self.newID()
        var configuration = ContainerConfiguration(
            id: id, name: "c", role: .regular, restartCount: 0, image: "test", imageID: "test", lowerDirectories: [image],
            process: ContainerConfiguration.Process(
                args: args, env: ["PATH=/bin", "GREETING=hello"], cwd: "/", uid: 0, gid: 0, additionalGids: [],
                capabilities: ["CAP_CHOWN", "CAP_KILL", "CAP_SETUID", "CAP_SETGID"], noNewPrivileges: false, oomScoreAdj: 1000,
                seccomp: .runtimeDefault),
            mounts: [], readOnlyRootFilesystem: false, privileged: false, maskedPaths: ["/proc/kcore"], readonlyPaths: ["/proc/sys"],
            resources: CgroupResources(), log: ContainerConfiguration.Log(path: "\(folder.path)/logs/\(id)/0.log"))
        change(&configuration)
        return configuration
    }

    /// Runs a shell line in a container of its own to its end: exit code and log.
    func run(
        _ line: String, in sandboxID: String, _ change: (inout ContainerConfiguration) -> Void = { _ in }
    ) async throws -> (exitCode: Int, log: String) {
        let configuration = container(["sh", "-c", line], change)
        _ = try await runtime.startContainer(configuration, inSandbox: sandboxID)
        let log = try await follow(configuration, sandboxID)
        guard case .exited(let exit)? = try runtime.sandbox(sandboxID).container(configuration.id)?.phase else {
            throw RuntimeFailure(.internal, "the log ended before the container")
        }
        try await runtime.removeContainer(configuration.id, inSandbox: sandboxID)
        return (exit.exitCode, log)
    }

    /// The whole log of a container, up to its end.
    func follow(_ configuration: ContainerConfiguration, _ sandboxID: String) async throws -> String {
        var options = LogOptions()
        options.follow = true
        let session = try await runtime.log(
            LogRequest(path: configuration.log.path, options: options, containerID: configuration.id, sandboxID: sandboxID))
        var text = ""
        while let bytes = try await session.read() { text += String(decoding: bytes, as: UTF8.self) }
        return text
    }

    /// Waits until a killed process has ended, which takes the kernel a moment. The suite's time limit ends the wait.
    func waitUntilGone(_ command: String, _ containerID: String, _ sandboxID: String) async throws {
        // The pattern is none of itself.
        let pattern = "[\(command.prefix(1))]\(command.dropFirst())"
        let line = "while busybox ps | busybox grep -q '\(pattern)'; do sleep 0.01; done; echo gone"
        #expect(try await exec(["sh", "-c", line], containerID, sandboxID).out == "gone\n")
    }

    func exec(_ command: [String], _ containerID: String, _ sandboxID: String, stdin: String? = nil) async throws -> (
        code: Int, out: String, err: String
    ) {
        let session = try await runtime.exec(
            ExecRequest(sandboxID: sandboxID, containerID: containerID, command: command, stdin: stdin != nil, stdout: true, stderr: true))
        if let stdin {
            try await session.write(Array(stdin.utf8))
            await session.closeInput()
        }
        var out: [UInt8] = []
        var err: [UInt8] = []
        while let part = try await session.read() {
            switch part {
            case .stdout(let bytes): out += bytes
            case .stderr(let bytes): err += bytes
            }
        }
        return (try await session.exitCode(), String(decoding: out, as: UTF8.self), String(decoding: err, as: UTF8.self))
    }
}

extension [UInt8] {
    fileprivate func write(to path: String, mode: UInt32) throws(SystemError) {
        try AtomicFile.replace(path, with: self, mode: mode)
    }
}
