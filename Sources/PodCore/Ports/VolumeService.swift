/// A pod's volumes on this node. `PodVolumes` conforms.
package protocol VolumeService: Sendable {
    /// Makes the volume be there with this content; returns its root on the node. Called again, it updates file contents in place (atomically).
    func mount(_ volume: VolumeRequest) async throws(VolumeFailure) -> String

    /// Returns the names of the volumes that are not there any more as they were mounted.
    func missing(_ volumes: [MountedVolume]) async throws(VolumeFailure) -> Set<String>

    /// Makes a place in a volume at which something is to be mounted: a file for a file, else a directory. What is there already stays.
    func makeMountPoint(_ point: VolumeMountPoint) async throws(VolumeFailure)

    /// Returns the content of a regular file in a volume; `nil` if it is not there. Links are followed inside the volume and never out of it.
    /// - Parameters:
    ///   - path: relative to the volume's root, without `..`.
    ///   - volume: the volume's root on the node.
    ///   - limit: bytes; a larger file is an error.
    func file(_ path: String, inVolume volume: String, limit: Int) async throws(VolumeFailure) -> [UInt8]?

    /// Returns whether the pod's volume of an image is mounted, with the owners that the pod's user namespace needs.
    func imageVolume(_ name: String, podUID: String, userNamespace: PodUserNamespace?) async throws(VolumeFailure) -> ImageVolumeState

    /// Returns the ids of the images whose files are volumes of pods on this node.
    func imagesInVolumes() async throws(VolumeFailure) -> Set<String>

    /// Unmounts and deletes everything of the pod's volumes, in this order, never crossing a mount point. A repeated call is not an error.
    func tearDown(podUID: String) async throws(VolumeFailure)

    /// UIDs of pods that have a folder here.
    func podsOnDisk() async throws(VolumeFailure) -> [String]
}

package struct VolumeRequest: Sendable, Hashable {
    package let podUID: String
    /// The volume's name in the pod.
    package let name: String
    package let content: VolumeContent
    /// Group that owns the files (`securityContext.fsGroup`), where the volume kind supports it.
    package let fsGroup: UInt32?
    /// Whether storage keeps its files' owners when its root is right: `fsGroupChangePolicy: OnRootMismatch`.
    package let keepsMatchingGroup: Bool
    /// The name of a PersistentVolume that one pod of the node may use at a time (ReadWriteOncePod); `nil` for any other volume.
    package let exclusiveStorage: String?
    /// The owners of an image's files are shifted to its ids. Other volumes are shifted when a container gets them.
    package let userNamespace: PodUserNamespace?

    package init(
        podUID: String, name: String, content: VolumeContent, fsGroup: UInt32? = nil, keepsMatchingGroup: Bool = false,
        exclusiveStorage: String? = nil, userNamespace: PodUserNamespace? = nil
    ) {
        self.podUID = podUID
        self.name = name
        self.content = content
        self.fsGroup = fsGroup
        self.keepsMatchingGroup = keepsMatchingGroup
        self.exclusiveStorage = exclusiveStorage
        self.userNamespace = userNamespace
    }
}

package enum VolumeContent: Sendable, Hashable {
    /// `type` as in `HostPathVolumeSource`.
    case hostPath(path: String, type: String)
    /// On disk; the limit is enforced by eviction, not here. `isCounted`: by the file system, where it can (project quotas). Only for pods whose
    /// processes cannot give their files to another project.
    case emptyDirectory(isCounted: Bool = false)
    /// A tmpfs of at most so many bytes.
    case memory(sizeLimit: Int64?)
    case nfs(NFSExport)
    case local(LocalStorage)
    /// A disk of this node that containers get as it is.
    case block(path: String)
    /// A hugetlbfs of pages of so many bytes, and of at most so many bytes.
    case hugePages(pageSize: Int64, sizeLimit: Int64?)
    /// The files of an image, read-only; nothing in them can be executed.
    case image(ImageDescription)
    /// Files written by an atomic writer.
    case files(FileVolumeKind, [VolumeFile])
}

/// The plugin folder that kubelet uses, and whether the files live in memory.
package enum FileVolumeKind: String, Sendable, Hashable {
    case configMap = "kubernetes.io~configmap"
    case secret = "kubernetes.io~secret"
    case downwardAPI = "kubernetes.io~downward-api"
    case projected = "kubernetes.io~projected"

    package var isInMemory: Bool { self != .configMap }
}

/// A file beneath a volume's root.
package struct VolumeFile: Sendable, Hashable {
    /// Relative, without `..`.
    package let path: String
    /// Permission bits.
    package let mode: UInt16
    package let content: FileContent
    /// Owner; root when absent.
    package let uid: UInt32?

    package init(path: String, mode: UInt16, content: FileContent, uid: UInt32? = nil) {
        self.path = path
        self.mode = mode
        self.content = content
        self.uid = uid
    }
}

/// Why a volume is not there: event `FailedMount`.
package struct VolumeFailure: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Code: Sendable, Hashable {
        /// The node does not have the volume that the pod asks for: a wrong hostPath type, a bad item path.
        case invalid
        /// The kernel or the file system refused.
        case system
        /// Files that the pod has written are not there any more, and nothing may take their place.
        case lost
        /// Something is still in use; try again.
        case busy
        /// An object in the API is not yet as it has to be, and a node may not watch it; or another pod has the storage.
        case waiting
    }

    package let code: Code
    /// Kubelet's text where kubelet has the case, without the `MountVolume.SetUp failed` prefix.
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
