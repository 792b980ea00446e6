package import KubeModel

/// The configuration of a container, decided from the pod, the image and the node. Also the container's record on disk.
///
/// Names follow the OCI runtime specification where it has the thing.
package struct ContainerConfiguration: Sendable, Hashable, Codable {
    package enum Role: String, Sendable, Hashable, Codable {
        case initial, regular, ephemeral
    }

    package struct Process: Sendable, Hashable, Codable {
        package var args: [String]
        /// `NAME=value`.
        package var env: [String]
        package var cwd: String
        package var uid: UInt32
        package var gid: UInt32
        package var additionalGids: [UInt32]
        /// `CAP_...` names; the bounding, permitted, effective and (for non-root none) ambient rules are the runtime's.
        package var capabilities: [String]
        package var noNewPrivileges: Bool
        /// -1000 to 1000.
        package var oomScoreAdj: Int
        package var seccomp: SeccompChoice
        /// `nil` when the pod asks for no profile: the runtime's default where the host has AppArmor, else none.
        package var appArmor: AppArmorChoice?

        package init(
            args: [String], env: [String], cwd: String, uid: UInt32, gid: UInt32, additionalGids: [UInt32], capabilities: [String],
            noNewPrivileges: Bool, oomScoreAdj: Int, seccomp: SeccompChoice, appArmor: AppArmorChoice? = nil
        ) {
            self.args = args
            self.env = env
            self.cwd = cwd
            self.uid = uid
            self.gid = gid
            self.additionalGids = additionalGids
            self.capabilities = capabilities
            self.noNewPrivileges = noNewPrivileges
            self.oomScoreAdj = oomScoreAdj
            self.seccomp = seccomp
            self.appArmor = appArmor
        }

        /// As a container's status shows it.
        package var user: ContainerUser {
            ContainerUser(linux: .init(uid: Int64(uid), gid: Int64(gid), supplementalGroups: additionalGids.map(Int64.init)))
        }
    }

    package enum SeccompChoice: Sendable, Hashable, Codable {
        case unconfined
        case runtimeDefault
        /// Absolute path of a JSON profile in the OCI/Docker format.
        case localhost(path: String)
    }

    package enum AppArmorChoice: Sendable, Hashable, Codable {
        case unconfined
        case runtimeDefault
        /// The name of a profile that the administrator has loaded.
        case localhost(profile: String)
    }

    package enum Propagation: String, Sendable, Hashable, Codable {
        case `private`, hostToContainer, bidirectional
    }

    /// A file or directory of the node made visible in the container.
    package struct Mount: Sendable, Hashable, Codable {
        /// Absolute path on the node: the volume's root, or a file.
        package var source: String
        /// A path beneath `source`, resolved without ever leaving it.
        package var subPath: String?
        package var destination: String
        package var readOnly: Bool
        /// Read-only for mounts beneath it too (`mount_setattr` with `AT_RECURSIVE`).
        package var recursiveReadOnly: Bool
        package var propagation: Propagation
        /// Absent in records of agents that shifted all, and where it is false.
        private var shifted: Bool?

        /// The owners of its files are ids of the pod already: they are not shifted for the container.
        package var isShifted: Bool { shifted ?? false }

        package init(
            source: String, subPath: String? = nil, destination: String, readOnly: Bool, recursiveReadOnly: Bool = false,
            propagation: Propagation = .private, isShifted: Bool = false
        ) {
            self.source = source
            self.subPath = subPath
            self.destination = destination
            self.readOnly = readOnly
            self.recursiveReadOnly = recursiveReadOnly
            self.propagation = propagation
            shifted = isShifted ? true : nil
        }
    }

    package struct Log: Sendable, Hashable, Codable {
        /// Absolute path of the CRI log file.
        package var path: String
        /// Rotation: a new file past this many bytes.
        package var maxSize: Int64
        package var maxFiles: Int

        package init(path: String, maxSize: Int64 = 10 << 20, maxFiles: Int = 5) {
            self.path = path
            self.maxSize = maxSize
            self.maxFiles = maxFiles
        }
    }

    /// 64 lower-case hexadecimal digits.
    package let id: String
    package let name: String
    package let role: Role
    /// How often this container was started before, over the pod's life.
    package let restartCount: Int
    /// The reference as the pod has it.
    package let image: String
    /// A container status's `imageID`.
    package let imageID: String
    package let lowerDirectories: [String]
    package var process: Process
    package var mounts: [Mount]
    package var readOnlyRootFilesystem: Bool
    package var privileged: Bool
    package var maskedPaths: [String]
    package var readonlyPaths: [String]
    package var resources: CgroupResources
    package var log: Log
    package var stdin: Bool
    package var stdinOnce: Bool
    /// Absent in records of agents that knew no terminals, and where there is none.
    private var hasTerminal: Bool?
    /// Absent likewise.
    private var volumesOfImage: [String]?
    /// Absent likewise.
    private var blockDevices: [Device]?
    /// Sent to end the container; SIGTERM unless the image says otherwise.
    package var stopSignal: Int32
    /// The node's file behind the termination message, if there is one.
    package var terminationMessageFile: String?
    /// The running container of the same sandbox whose process ids this one shares; absent: as the sandbox has it.
    package var targetContainerID: String?

    package init(
        id: String, name: String, role: Role, restartCount: Int, image: String, imageID: String, lowerDirectories: [String], process: Process,
        mounts: [Mount], readOnlyRootFilesystem: Bool, privileged: Bool, maskedPaths: [String], readonlyPaths: [String], resources: CgroupResources,
        log: Log, stdin: Bool = false, stdinOnce: Bool = false, terminal: Bool = false, stopSignal: Int32 = 15, terminationMessageFile: String? = nil
    ) {
        self.id = id
        self.name = name
        self.role = role
        self.restartCount = restartCount
        self.image = image
        self.imageID = imageID
        self.lowerDirectories = lowerDirectories
        self.process = process
        self.mounts = mounts
        self.readOnlyRootFilesystem = readOnlyRootFilesystem
        self.privileged = privileged
        self.maskedPaths = maskedPaths
        self.readonlyPaths = readonlyPaths
        self.resources = resources
        self.log = log
        self.stdin = stdin
        self.stdinOnce = stdinOnce
        self.hasTerminal = terminal ? true : nil
        self.stopSignal = stopSignal
        self.terminationMessageFile = terminationMessageFile
    }

    /// A block device of the node that the container gets as it is.
    package struct Device: Sendable, Hashable, Codable {
        /// Absolute path on the node.
        package let source: String
        /// Absolute path in the container.
        package let destination: String
        package let readOnly: Bool

        package init(source: String, destination: String, readOnly: Bool) {
            self.source = source
            self.destination = destination
            self.readOnly = readOnly
        }
    }

    package var devices: [Device] {
        get { blockDevices ?? [] }
        set { blockDevices = newValue.isEmpty ? nil : newValue }
    }

    /// stdin, stdout and stderr are one terminal.
    package var terminal: Bool {
        get { hasTerminal ?? false }
        set { hasTerminal = newValue ? true : nil }
    }

    /// Absolute directories in the container that the image declares as volumes: writable also where the root is not, gone with the container,
    /// hidden by what the pod mounts there.
    package var imageVolumes: [String] {
        get { volumesOfImage ?? [] }
        set { volumesOfImage = newValue.isEmpty ? nil : newValue }
    }
}
