import Glibc
import LinuxSystem
package import Logging
package import PodCore
import Synchronization

/// The volumes of this node's pods in kubelet's folders: `<root>/pods/<uid>/volumes/<plugin>/<name>`.
///
/// Nothing is remembered here: what is mounted is what the kernel says is mounted, so that a restarted agent goes on where
/// the last one stopped.
package final class PodVolumes: VolumeService {
    let root: String
    let remote: RemoteMounts
    let logger: Logger
    private let pool: BlockingPool
    /// For the node's own paths that pods name. They may lie on a file system that does not answer: other volumes do not wait for that.
    private let paths = BlockingPool(name: "volume-paths", threads: 8, queueLimit: 4096)
    private let patience: VolumePatience
    private let writers = PathLocks()
    /// For local volumes, whose files may all have to be given to a group: other volumes do not wait for that.
    let walks = BlockingPool(name: "local-volumes", threads: 4, queueLimit: 4096)
    /// The paths of local volumes that are being mounted.
    let underway = Mutex<Set<String>>([])

    /// - Parameters:
    ///   - root: `/var/lib/kubelet`.
    ///   - executable: the program with the `volume-call` subcommand (`VolumeCallProgram`), by default this one.
    ///   - mountPrograms: where mount.nfs may be.
    package init(
        root: String = "/var/lib/kubelet", executable: String = "/proc/self/exe",
        mountPrograms: [String] = ["/sbin/mount.nfs", "/usr/sbin/mount.nfs"], patience: VolumePatience = VolumePatience(),
        logger: Logger
    ) {
        self.root = root
        self.logger = logger
        self.patience = patience
        let pool = BlockingPool(name: "volumes", threads: 8, queueLimit: 4096)
        self.pool = pool
        remote = RemoteMounts(
            helper: VolumeHelper(executable: executable, mountPrograms: mountPrograms, patience: patience, pool: pool), pool: pool)
    }

    package func mount(_ volume: VolumeRequest) async throws(VolumeFailure) -> String {
        guard let storage = volume.exclusiveStorage else { return try await mountContent(volume) }
        try await exclusive(storage, "look who uses \(storage)") { try $0.take(podUID: volume.podUID) }
        do throws(VolumeFailure) {
            let path = try await mountContent(volume)
            try await exclusive(storage, "keep \(storage)") { try $0.keep(podUID: volume.podUID) }
            return path
        } catch {
            // A mount whose outcome is not known may still succeed.
            if error.code != .busy { try? await exclusive(storage, "leave \(storage)") { try $0.leave(podUID: volume.podUID) } }
            throw error
        }
    }

    private func exclusive(
        _ storage: String, _ what: String, _ body: @escaping @Sendable (ExclusiveStorage) throws -> Void
    ) async throws(VolumeFailure) {
        try await blocking(what) { [root, writers] in
            try writers.holding(storage) { try body(ExclusiveStorage(name: storage, layout: VolumeLayout(root: root))) }
        }
    }

    private func mountContent(_ volume: VolumeRequest) async throws(VolumeFailure) -> String {
        if case .nfs(let export) = volume.content { return try await mountNFS(export, volume) }
        if case .local(let storage) = volume.content { return try await mountLocal(storage, volume) }
        let body = { @Sendable [root, writers] in try Self.mount(volume, VolumeLayout(root: root), writers) }
        guard let path = volume.content.nodePath else { return try await blocking("mount volume \(volume.name)", body) }
        return try await atPath(path, "mount volume \(volume.name)", body)
    }

    package func missing(_ volumes: [MountedVolume]) async throws(VolumeFailure) -> Set<String> {
        guard !volumes.isEmpty else { return [] }
        return try await blocking("look for the volumes \(volumes.map(\.name).joined(separator: ", "))") {
            var missing: Set<String> = []
            for volume in volumes where try !VolumePresence.isThere(volume) { missing.insert(volume.name) }
            return missing
        }
    }

    package func makeMountPoint(_ point: VolumeMountPoint) async throws(VolumeFailure) {
        // The file system that is to be mounted there may hang as well.
        try await atPath(point.source, "look at what is mounted at \(point.path)") { _ = try NestedMountPoint.isFolder(point) }
        try await atPath(point.volume, "make \(point.path) in volume") { [writers] in
            try writers.holding(point.volume) { try NestedMountPoint.make(point) }
        }
    }

    package func file(_ path: String, inVolume volume: String, limit: Int) async throws(VolumeFailure) -> [UInt8]? {
        try await blocking("read \(path) in volume \(volume)") { try FileInVolume.read(path, in: volume, limit: limit) }
    }

    package func imageVolume(
        _ name: String, podUID: String, userNamespace: PodUserNamespace?
    ) async throws(VolumeFailure) -> ImageVolumeState {
        try await blocking("look for volume \(name)") { [root] in
            let path = try VolumeLayout(root: root).volume(name, plugin: ImageVolume.plugin, podUID: podUID)
            return try ImageVolume(path: path, userNamespace: userNamespace).state()
        }
    }

    package func imagesInVolumes() async throws(VolumeFailure) -> Set<String> {
        try await blocking("list the images in volumes") { [root] in
            let layout = try VolumeLayout(root: root)
            return try Self.podsOnDisk(layout).reduce(into: []) { $0.formUnion(try ImageVolume.imageIDs(pod: try layout.pod($1))) }
        }
    }

    package func tearDown(podUID: String) async throws(VolumeFailure) {
        try await unmountRemote(podUID: podUID)
        // A pod may leave any number of files: other pods' volumes get their turn in between, and no call is left behind.
        while try await !isTornDown(podUID) {}
    }

    private func isTornDown(_ podUID: String) async throws(VolumeFailure) -> Bool {
        try await blocking("tear down the volumes of pod \(podUID)") { [root, patience] in
            let path = try VolumeLayout(root: root).pod(podUID)
            guard try FileStatus.ifPresent(path) != nil else { return true }
            // Everything is unmounted first: content that is still mounted belongs to other owners and must not be deleted.
            try Mounts.unmountAll(under: path)
            if let left = try MountTable.mounts(under: path).first {
                throw VolumeFailure(.busy, "\(left.source) is still mounted at \(left.mountPoint)")
            }
            guard try TreeRemoval.advance(path, within: patience.removal) else { return false }
            FailPoint.reach("volumes.removed")
            return true
        }
    }

    package func podsOnDisk() async throws(VolumeFailure) -> [String] {
        try await blocking("list the pods on disk") { [root] in try Self.podsOnDisk(VolumeLayout(root: root)) }
    }

    private static func podsOnDisk(_ layout: VolumeLayout) throws -> [String] {
        try DirectoryListing.names(at: layout.pods).filter { try FileStatus.ifPresent(layout.pods + "/" + $0)?.kind == .directory }
    }

    private static func mount(_ volume: VolumeRequest, _ layout: VolumeLayout, _ writers: PathLocks) throws -> String {
        switch volume.content {
        case .hostPath(let path, let type):
            return try HostPathVolume(path: path, type: type).mount()
        case .emptyDirectory(let isCounted):
            return try mountEmptyDirectory(volume, layout, .disk(isCounted: isCounted))
        case .memory(let sizeLimit):
            return try mountEmptyDirectory(volume, layout, .memory(sizeLimit: sizeLimit))
        case .block(let path): return try BlockVolume(path: path).find()
        case .nfs, .local: throw VolumeFailure(.system, "volume \(volume.name): storage is not mounted here")
        case .hugePages(let pageSize, let sizeLimit):
            return try mountEmptyDirectory(volume, layout, .hugePages(pageSize: pageSize, sizeLimit: sizeLimit))
        case .image(let image):
            let path = try layout.volume(volume.name, plugin: ImageVolume.plugin, podUID: volume.podUID)
            try writers.holding(path) { try ImageVolume(path: path, userNamespace: volume.userNamespace).mount(image) }
            return path
        case .files(let kind, let files):
            // Checked before anything is made.
            let payload = try FilePayload(files, fsGroup: volume.fsGroup)
            let path = try layout.volume(volume.name, plugin: kind.rawValue, podUID: volume.podUID)
            let directory = EmptyDirectoryVolume(
                path: path, medium: kind.isInMemory ? .memory(sizeLimit: nil) : .disk(), fsGroup: volume.fsGroup,
                groupMode: EmptyDirectoryVolume.readOnly)
            try writers.holding(path) {
                try directory.mount()
                try AtomicVolumeWriter(path: path).write(payload)
            }
            return path
        }
    }

    private static func mountEmptyDirectory(
        _ volume: VolumeRequest, _ layout: VolumeLayout, _ medium: EmptyDirectoryVolume.Medium
    ) throws -> String {
        let path = try layout.volume(volume.name, plugin: VolumeLayout.emptyDirectories, podUID: volume.podUID)
        try EmptyDirectoryVolume(path: path, medium: medium, fsGroup: volume.fsGroup, groupMode: EmptyDirectoryVolume.writable).mount()
        return path
    }

    /// Why volumes at paths of the node cannot be mounted any more; `nil` while they can.
    package var problem: String? { paths.problem }

    /// Runs blocking work at a path of the node that a pod names. A path that hangs costs one thread, however often it is tried.
    func atPath<T: Sendable>(_ path: String, _ what: String, _ body: @escaping @Sendable () throws -> T) async throws(VolumeFailure) -> T {
        try await blocking(what, on: paths, path: path, body)
    }

    /// Runs blocking work and translates its errors. A device that does not answer costs a thread, not the agent.
    func blocking<T: Sendable>(
        _ what: String, on other: BlockingPool? = nil, path: String? = nil, _ body: @escaping @Sendable () throws -> T
    ) async throws(VolumeFailure) -> T {
        do {
            return try await (other ?? pool).run(what, on: path, deadline: patience.local, body)
        } catch let error as VolumeFailure {
            throw error
        } catch let error as SystemError {
            let isBusy = error.code == .crossesMount || error.code == .timedOut || error.code == .busy
            throw VolumeFailure(isBusy ? .busy : .system, "\(error)")
        } catch {
            throw VolumeFailure(.busy, "cannot \(what): \(error)")
        }
    }
}

extension VolumeContent {
    /// The path of the node, for a volume that is this path.
    fileprivate var nodePath: String? {
        switch self {
        case .hostPath(let path, _), .block(let path): path
        default: nil
        }
    }
}
