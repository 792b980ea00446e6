import Glibc
import LinuxCgroups
import LinuxSystem
import Logging
import PodCore
import PodRuntime

/// A burstable pod of one container, with a runtime over folders, a cgroup and a spawner of its own. `close` undoes all of it.
final class ProbedPod {
    private static let name = "swiftlet-resize-probe"

    private let runDirectory = "/run/" + name
    private let stateDirectory = "/var/tmp/" + name
    private let image: String
    private let cgroupRoot: String
    private let cgroups: CgroupTree
    private let runtime: ShimRuntime
    private let sandboxID = String(repeating: "a", count: 64)
    private let containerID = String(repeating: "c", count: 64)
    private var podResources = CgroupResources()
    private var containerResources = CgroupResources()
    private var isStarted = false
    /// Of the last change.
    private var outcome = "ok"

    init(programs: String, busybox: String, cgroupRoot: String) throws {
        self.cgroupRoot = cgroupRoot
        image = stateDirectory + "/image"
        for directory in [runDirectory, stateDirectory, image + "/bin", image + "/proc", image + "/dev", image + "/sys", cgroupRoot] {
            try Directories.make(directory, mode: 0o755)
        }
        try AtomicFile.replace(image + "/bin/busybox", with: SmallFile.bytes(busybox, limit: 16 << 20), mode: 0o755)
        for applet in ["sh", "sleep", "dd"] {
            let link = "\(image)/bin/\(applet)"
            try systemCall("symlink", link) { symlink("busybox", link) }
        }
        cgroups = try CgroupTree(root: cgroupRoot)
        runtime = try ShimRuntime(
            ShimRuntimeSettings(
                runDirectory: runDirectory + "/run", stateDirectory: stateDirectory + "/state", cgroups: cgroups,
                shimProgram: programs + "/swiftlet-shim", pauseProgram: programs + "/swiftlet-pause"),
            logger: Logger(label: "probe") { _ in SwiftLogNoOpLogHandler() })
    }

    // MARK: Changes

    /// `name=number` words.
    static func resources(_ words: some Sequence<String>) throws -> CgroupResources {
        var result = CgroupResources(swapLimit: 0)
        for word in words {
            let parts = word.split(separator: "=")
            guard parts.count == 2, let value = Int64(parts[1]) else { throw ResizeProbe.Problem(description: "wanted name=number, found \(word)") }
            switch parts[0] {
            case "cpuRequest": result.cpuRequest = value
            case "cpuLimit": result.cpuLimit = value
            case "memoryLimit": result.memoryLimit = value
            default: throw ResizeProbe.Problem(description: "no such resource: \(word)")
            }
        }
        return result
    }

    func setPod(_ resources: CgroupResources) async throws {
        guard isStarted else {
            podResources = resources
            return
        }
        try await change { () throws(RuntimeFailure) in try await runtime.update(sandbox: sandboxID, resources: resources) }
    }

    func setContainer(_ resources: CgroupResources) async throws {
        guard isStarted else {
            containerResources = resources
            return
        }
        try await change { () throws(RuntimeFailure) in
            try await runtime.update(container: containerID, inSandbox: sandboxID, resources: resources)
        }
    }

    private func change(_ update: () async throws(RuntimeFailure) -> [String]) async throws {
        do throws(RuntimeFailure) {
            let missing = try await update()
            outcome = missing.isEmpty ? "ok" : "not enforced: \(missing.joined(separator: " "))"
        } catch {
            guard error.code == .belowUsage else { throw error }
            outcome = "belowUsage: \(error.message)"
        }
    }

    func start(holding mebibytes: Int) async throws {
        let sandbox = SandboxConfiguration(
            id: sandboxID, pod: PodIdentity(namespace: "probe", name: "pod", uid: "probe"), attempt: 0, hostname: "pod", qosClass: "Burstable",
            resources: podResources)
        _ = try await runtime.createSandbox(sandbox)
        // Its buffer is filled, and then written to a pipe without a reader.
        let script = "dd if=/dev/zero bs=\(mebibytes)M count=1 | sleep 1000000"
        let container = ContainerConfiguration(
            id: containerID, name: "c", role: .regular, restartCount: 0, image: "probe", imageID: "probe", lowerDirectories: [image],
            process: ContainerConfiguration.Process(
                args: ["/bin/sh", "-c", script], env: ["PATH=/bin"], cwd: "/", uid: 0, gid: 0, additionalGids: [], capabilities: [],
                noNewPrivileges: true, oomScoreAdj: 1000, seccomp: .runtimeDefault),
            mounts: [], readOnlyRootFilesystem: false, privileged: false, maskedPaths: [], readonlyPaths: [], resources: containerResources,
            log: ContainerConfiguration.Log(path: runDirectory + "/logs/c/0.log"))
        _ = try await runtime.startContainer(container, inSandbox: sandboxID)
        isStarted = true
        while try await runtime.stats(ofSandbox: sandboxID).containers[containerID]?.memory.usage ?? 0 < UInt64(mebibytes) << 20 {
            try await ReadinessLoop.shared().pause(.milliseconds(20))
        }
    }

    // MARK: What there is

    /// `name=value` fields, separated by tabs: the outcome, the kernel's files, and what is read back through the port. Nothing before the start.
    func report() async throws -> String? {
        guard isStarted else { return nil }
        var fields = ["outcome=\(outcome)"]
        let of = ["level": "kubepods/burstable", "pod": "kubepods/burstable/podprobe", "container": "kubepods/burstable/podprobe/" + containerID]
        for (level, cgroup) in of.sorted(by: { $0.key < $1.key }) {
            for file in ["cpu.weight", "cpu.max", "memory.max"] {
                fields.append("\(level).\(file)=\(try SmallFile.line("\(cgroupRoot)/\(cgroup)/\(file)"))")
            }
        }
        let container = try await runtime.resources(ofContainer: containerID, inSandbox: sandboxID)
        let pod = try await runtime.resources(ofSandbox: sandboxID)
        fields += ["container=\(Self.text(container.resources))", "pod=\(Self.text(pod.resources))"]
        return fields.joined(separator: "\t")
    }

    private static func text(_ resources: CgroupResources) -> String {
        [resources.cpuRequest, resources.cpuLimit, resources.memoryLimit].map { $0.map(String.init) ?? "-" }.joined(separator: " ")
    }

    // MARK: The end

    func close() async throws {
        for id in (try? DirectoryListing.names(at: runDirectory + "/run/sandboxes")) ?? [] { try await runtime.removeSandbox(id) }
        // The pods' top, and the spawner.
        for name in try DirectoryListing.names(at: cgroupRoot) where try FileStatus.ifPresent("\(cgroupRoot)/\(name)")?.kind == .directory {
            try await cgroups.cgroup(name).remove(timeout: .seconds(30))
        }
        try systemCall("rmdir", cgroupRoot) { rmdir(cgroupRoot) }
        try TreeRemoval.remove(runDirectory)
        try TreeRemoval.remove(stateDirectory)
    }
}
