import Glibc
import LinuxCgroups
import LinuxSystem
import Logging
import PodCore
import PodRuntime
import Synchronization

/// A runtime over folders, a cgroup and a spawner of its own, and an image made of busybox. `close` undoes all of it.
final class BenchWorld: Sendable {
    let runDirectory: String
    let stateDirectory: String
    let image: String
    let cgroupRoot: String
    let cgroups: CgroupTree
    let runtime: ShimRuntime
    private let ends = Mutex<[String: CheckedContinuation<ContainerExit, Never>]>([:])
    private let early = Mutex<[String: ContainerExit]>([:])
    private let listener = Mutex<Task<Void, Never>?>(nil)

    init(_ options: BenchOptions) throws {
        let name = "swiftlet-bench-\(getpid())"
        runDirectory = "\(options.runDirectory)/\(name)"
        stateDirectory = "\(options.stateDirectory)/\(name)"
        cgroupRoot = "\(options.cgroupRoot)/\(name)"
        image = stateDirectory + "/image"
        for directory in [runDirectory, stateDirectory, image + "/bin", image + "/proc", image + "/dev", image + "/sys", cgroupRoot] {
            try Directories.make(directory, mode: 0o755)
        }
        try AtomicFile.replace(image + "/bin/busybox", with: SmallFile.bytes(options.busybox, limit: 16 << 20), mode: 0o755)
        for applet in ["true", "sh", "sleep", "cat"] {
            let link = "\(image)/bin/\(applet)"
            try systemCall("symlink", link) { symlink("busybox", link) }
        }
        cgroups = try CgroupTree(root: cgroupRoot, requireControllers: false)
        runtime = try ShimRuntime(
            ShimRuntimeSettings(
                runDirectory: runDirectory + "/run", stateDirectory: stateDirectory + "/state", cgroups: cgroups,
                shimProgram: options.programs + "/swiftlet-shim", pauseProgram: options.programs + "/swiftlet-pause"),
            logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
        let task = Task { [weak self, events = runtime.events] in
            for await event in events {
                if case .containerExited(_, let id, let exit) = event { self?.ended(id, exit) }
            }
        }
        listener.withLock { $0 = task }
    }

    // MARK: Exits

    private func ended(_ id: String, _ exit: ContainerExit) {
        let waiter = ends.withLock { ends -> CheckedContinuation<ContainerExit, Never>? in
            if let waiter = ends.removeValue(forKey: id) { return waiter }
            early.withLock { $0[id] = exit }
            return nil
        }
        waiter?.resume(returning: exit)
    }

    func exit(of id: String) async -> ContainerExit {
        await withCheckedContinuation { continuation in
            let known = ends.withLock { ends -> ContainerExit? in
                if let exit = early.withLock({ $0.removeValue(forKey: id) }) { return exit }
                ends[id] = continuation
                return nil
            }
            if let known { continuation.resume(returning: known) }
        }
    }

    // MARK: Configurations

    private static let counter = Atomic<Int>(0)

    private static func newID() -> String {
        let digits = String(counter.add(1, ordering: .relaxed).newValue, radix: 16)
        return String(repeating: "0", count: 64 - digits.count) + digits
    }

    func sandbox() -> SandboxConfiguration {
        let id = Self.newID()
        return SandboxConfiguration(
            id: id, pod: PodIdentity(namespace: "bench", name: "pod", uid: "uid-" + id.suffix(8)), attempt: 0, hostname: "pod",
            qosClass: "BestEffort")
    }

    /// The settings that Kubernetes gives a container without a word about security: the default profile and capabilities, masked and read-only paths.
    func container(_ args: [String], mounts: [ContainerConfiguration.Mount] = [], log: String? = nil) -> ContainerConfiguration {
        let id = Self.newID()
        return ContainerConfiguration(
            id: id, name: "c", role: .regular, restartCount: 0, image: "bench", imageID: "bench", lowerDirectories: [image],
            process: ContainerConfiguration.Process(
                args: args, env: ["PATH=/bin"], cwd: "/", uid: 0, gid: 0, additionalGids: [], capabilities: Self.capabilities, noNewPrivileges: false,
                oomScoreAdj: 1000, seccomp: .runtimeDefault),
            mounts: mounts, readOnlyRootFilesystem: false, privileged: false, maskedPaths: Self.maskedPaths, readonlyPaths: Self.readonlyPaths,
            resources: CgroupResources(), log: ContainerConfiguration.Log(path: log ?? "\(runDirectory)/logs/\(id)/0.log"))
    }

    /// Starts a pod whose container waits.
    func startIdlePod() async throws -> (sandboxID: String, containerID: String) {
        let (sandbox, container) = (sandbox(), container(["/bin/sleep", "100000"]))
        _ = try await runtime.createSandbox(sandbox)
        _ = try await runtime.startContainer(container, inSandbox: sandbox.id)
        return (sandbox.id, container.id)
    }

    static let capabilities = [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_NET_BIND_SERVICE", "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP",
        "CAP_SETUID", "CAP_SYS_CHROOT",
    ]
    static let maskedPaths = ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/acpi", "/sys/firmware"]
    static let readonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]

    // MARK: The end

    /// Ends everything and says what was left over, which is nothing.
    func close() async throws {
        for id in (try? DirectoryListing.names(at: runDirectory + "/run/sandboxes")) ?? [] { try await runtime.removeSandbox(id) }
        listener.withLock { $0?.cancel() }
        // Pods and shims, and among these the spawner.
        for name in try DirectoryListing.names(at: cgroupRoot) where try FileStatus.ifPresent("\(cgroupRoot)/\(name)")?.kind == .directory {
            try await cgroups.cgroup(name).remove(timeout: .seconds(30))
        }
        try systemCall("rmdir", cgroupRoot) { rmdir(cgroupRoot) }
        try TreeRemoval.remove(runDirectory)
        try TreeRemoval.remove(stateDirectory)
    }
}
