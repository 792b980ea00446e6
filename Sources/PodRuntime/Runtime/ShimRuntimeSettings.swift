package import LinuxCgroups
package import Timing

/// Where the runtime finds its programs and keeps its files.
package struct ShimRuntimeSettings: Sendable {
    /// On a tmpfs: what exists (`/run/swiftlet`).
    package var runDirectory: String
    /// On a disk: writable layers (`/var/lib/swiftlet`).
    package var stateDirectory: String
    /// The tree that holds `kubepods`. It also says whether missing controllers are errors.
    package var cgroups: CgroupTree
    /// Absolute path of `swiftlet-shim`.
    package var shimProgram: String
    /// How long a service manager is given to start the spawner again before the agent starts one, which would then be in the manager's way.
    package var spawnerPatience: Duration
    /// How long a shim is given to start a container before the start is given up.
    package var launchPatience = Duration.seconds(120)
    /// How long opening the source of a mount may take: it may be on a server that does not answer.
    package var sourcePatience = Duration.seconds(120)
    /// How long a shim is given to start a command in a container.
    package var execPatience = Duration.seconds(30)
    /// Absolute path of `swiftlet-pause`.
    package var pauseProgram: String
    /// Bytes of a pod's /dev/shm.
    package var sharedMemorySize: Int64
    /// For pods with user namespaces.
    package var userIDs: SubordinateIDs
    /// The clock of the pauses between attempts.
    package var time: any TimeSource = SystemTime()

    /// Holds the writable layers.
    package var layersDirectory: String { stateDirectory + "/containers" }

    /// The folder of what a container has written to its own root.
    package func writableLayer(ofContainer id: String) -> String { ContainerPaths(directory: "", layer: layersDirectory + "/" + id).upper }

    package init(
        runDirectory: String = "/run/swiftlet", stateDirectory: String = "/var/lib/swiftlet", cgroups: CgroupTree, shimProgram: String,
        spawnerPatience: Duration = .zero, pauseProgram: String, sharedMemorySize: Int64 = 64 << 20,
        userIDs: SubordinateIDs = SubordinateIDs(maxPods: 110)
    ) {
        self.runDirectory = runDirectory
        self.stateDirectory = stateDirectory
        self.cgroups = cgroups
        self.shimProgram = shimProgram
        self.spawnerPatience = spawnerPatience
        self.pauseProgram = pauseProgram
        self.sharedMemorySize = sharedMemorySize
        self.userIDs = userIDs
    }
}
