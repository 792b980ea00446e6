import Glibc
import LinuxSystem

/// crun over the same files: what it takes to run and to exec /bin/true.
///
/// It gets the same namespaces, mounts, capabilities and paths, and no seccomp profile: it would compile that anew for every start, which
/// says more about libseccomp than about crun.
struct CrunPeer: Sendable {
    let program: String
    let version: String
    private let root: String
    private let bundle: String
    private let idle: String

    struct Failed: Error, CustomStringConvertible {
        let description: String
    }

    init(_ options: BenchOptions, _ world: BenchWorld) async throws {
        program = options.crun
        root = world.runDirectory + "/crun"
        bundle = world.stateDirectory + "/crun/true"
        idle = world.stateDirectory + "/crun/idle"
        for (directory, args) in [(bundle, ["/bin/true"]), (idle, ["/bin/sleep", "100000"])] {
            try Directories.make(directory)
            try Directories.make(root)
            try AtomicFile.replace(directory + "/config.json", with: Self.config(args, rootfs: world.image))
        }
        version = try await Self.version(of: options.crun, scratch: world.runDirectory)
    }

    /// Starts the container that `exec` uses.
    func startIdle() async throws { try await call(["run", "--detach", "--bundle", idle, "idle"]) }
    func endIdle() async throws { try await call(["delete", "--force", "idle"]) }

    func run(_ name: String, cgroups: Bool = true) async throws {
        try await call((cgroups ? [] : ["--cgroup-manager=disabled"]) + ["run", "--bundle", bundle, name])
    }

    func exec() async throws { try await call(["exec", "idle", "/bin/true"]) }

    private func call(_ arguments: [String]) async throws {
        let child = try ChildProcess(
            ChildProcess.Request(
                executable: program, arguments: [program, "--root", root] + arguments, environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],
                directory: "/"))
        let status = try await child.exitStatus(timeout: .seconds(60))
        guard status.isSuccess else { throw Failed(description: "\(program) \(arguments.joined(separator: " ")) ended with \(status)") }
    }

    private static func version(of program: String, scratch: String) async throws -> String {
        let file = scratch + "/version"
        let output = try OwnedFileDescriptor.open(file, O_RDWR | O_CREAT, mode: 0o600)
        let child = try ChildProcess(ChildProcess.Request(executable: program, arguments: [program, "--version"], descriptors: [nil, output, nil]))
        _ = try await child.exitStatus(timeout: .seconds(10))
        return try SmallFile.line(file)
    }

    private static func config(_ args: [String], rootfs: String) -> String {
        let list = { (texts: [String]) in "[" + texts.map { "\"\($0)\"" }.joined(separator: ",") + "]" }
        let capabilities = list(BenchWorld.capabilities)
        return """
            {"ociVersion":"1.0.2","hostname":"pod","root":{"path":"\(rootfs)","readonly":false},
            "process":{"terminal":false,"user":{"uid":0,"gid":0},"args":\(list(args)),"env":["PATH=/bin"],"cwd":"/",
            "capabilities":{"bounding":\(capabilities),"effective":\(capabilities),"permitted":\(capabilities)}},
            "mounts":[{"destination":"/proc","type":"proc","source":"proc","options":["nosuid","nodev","noexec"]},
            {"destination":"/dev","type":"tmpfs","source":"tmpfs","options":["nosuid","mode=0755","size=65536k"]},
            {"destination":"/dev/pts","type":"devpts","source":"devpts","options":["nosuid","noexec","newinstance","ptmxmode=0666","mode=0620"]},
            {"destination":"/dev/mqueue","type":"mqueue","source":"mqueue","options":["nosuid","nodev","noexec"]},
            {"destination":"/dev/shm","type":"tmpfs","source":"shm","options":["nosuid","nodev","noexec","mode=1777","size=65536k"]},
            {"destination":"/sys","type":"sysfs","source":"sysfs","options":["nosuid","nodev","noexec","ro"]}],
            "linux":{"namespaces":[{"type":"pid"},{"type":"network"},{"type":"ipc"},{"type":"uts"},{"type":"mount"}],
            "maskedPaths":\(list(BenchWorld.maskedPaths)),"readonlyPaths":\(list(BenchWorld.readonlyPaths))}}
            """
    }
}
