import CLinux
import LinuxSystem
import PodCore
import ShimClient

/// Where a sandbox's files are. The run directory dies with the boot, like the processes that it describes.
struct SandboxPaths: Sendable, Hashable {
    /// `<run-dir>/sandboxes/<id>`
    let directory: String
    /// `<state-dir>/containers`: writable layers, on a real disk.
    let layers: String

    init(runDirectory: String, stateDirectory: String, sandboxID: String) {
        directory = "\(runDirectory)/sandboxes/\(sandboxID)"
        layers = "\(stateDirectory)/containers"
    }

    var document: String { directory + "/sandbox.json" }
    /// Written by the shim.
    var state: String { directory + "/state" }
    /// Of a sandbox with a user namespace: its ids once more, for when the document cannot be read.
    var ids: String { directory + "/ids" }
    var sharedMemory: String { directory + "/shm" }
    var containers: String { directory + "/containers" }

    /// Returns true if the agent ended before it wrote the record: then neither a pause nor a container was started. Blocking.
    func isUnborn() throws -> Bool {
        guard try FileStatus.ifPresent(document) == nil, try DirectoryListing.names(at: containers).isEmpty else { return false }
        return (try ContainerStateFile.sandbox(at: state)?.pause.pid ?? 0) == 0
    }

    func container(_ id: String) -> ContainerPaths {
        ContainerPaths(directory: "\(containers)/\(id)", layer: "\(layers)/\(id)")
    }

    /// Ids become names of files and of cgroups: nothing else than the shim's own alphabet is let through.
    static func check(id: String, _ what: String, _ code: RuntimeFailure.Code) throws(RuntimeFailure) {
        let isValid =
            (1...64).contains(id.utf8.count) && id.utf8.allSatisfy { ($0 >= 0x61 && $0 <= 0x7a) || ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x2d }
        guard isValid else {
            throw RuntimeFailure(code, "\"\(id)\" is not a \(what) id: wanted 1 to 64 of a-z, 0-9 and -")
        }
    }
}

/// Where one container's files are.
struct ContainerPaths: Sendable, Hashable {
    let directory: String
    /// Upper and work directory of its overlay.
    let layer: String

    var document: String { directory + "/container.json" }
    var launchRecord: String { directory + "/launch" }
    /// The overlay is mounted here, in the container's own mount namespace only.
    var root: String { directory + "/rootfs" }
    /// Written by the shim.
    var exit: String { directory + "/exit" }
    /// Written by the shim.
    var state: String { directory + "/state" }
    var upper: String { layer + "/upper" }
    var work: String { layer + "/work" }
}
