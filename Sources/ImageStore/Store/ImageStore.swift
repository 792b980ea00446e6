import Glibc
import KubeModel
import LinuxSystem
package import Logging
package import PodCore
import Synchronization
package import Timing

/// The images of this node: fetched from registries, verified, unpacked into directories that containers share as overlayfs lower directories.
///
/// Everything is below one directory, readable by root only. An image exists when the index names it, and the
/// index names it after its last layer is on the disk; leftovers of a crash are removed at the next start.
package final class ImageStore: ImageService {
    let layout: StoreLayout
    let index: IndexFile
    let transport: RegistryTransport
    let unpacker: any LayerUnpacker
    let limits: ImageLimits
    let pool: BlockingPool
    let logger: Logger
    let nextNumber: Mutex<Int>
    let pulls = SharedWork<PullKey, ImageDescription>()
    /// Images of several registries have layers in common: each caller has a registry and credentials of its own.
    let layerWork = SharedWork<ContentDigest, StoreIndex.Layer>(isOwn: \.isOfSource)
    let holds = LayerHolds()
    let board = PullBoard()
    let downloads: Downloads
    let use: ImageUse
    let time: any TimeSource
    private let lock: StoreLock

    /// Pulls are shared among callers with equal credentials: a pod without credentials must not get an image that they gave access to.
    struct PullKey: Hashable, Sendable {
        let reference: ImageReference
        /// Wherever they are from.
        let credentials: [RegistryCredential]
    }

    /// Opens the store, or makes a new one.
    /// - Parameter directory: absolute, e.g. `/var/lib/swiftlet/images`.
    /// - Parameter executable: the program with the `unpack-layer` subcommand (`LayerUnpackProgram`), by default this one.
    /// - Parameter time: for pauses between tries.
    package static func open(
        directory: String, registries: RegistryConfiguration = RegistryConfiguration(), limits: ImageLimits = ImageLimits(),
        executable: String = "/proc/self/exe", time: any TimeSource = SystemTime(), logger: Logger
    ) async throws(ImageFailure) -> ImageStore {
        let pool = BlockingPool(name: "images", threads: 4, queueLimit: 4096)
        return try await open(
            directory: directory, registries: registries, limits: limits, unpacker: ConfinedUnpacker(executable: executable, pool: pool),
            timing: RegistryTiming(), pool: pool, time: time, logger: logger)
    }

    static func open(
        directory: String, registries: RegistryConfiguration, limits: ImageLimits, unpacker: any LayerUnpacker, timing: RegistryTiming,
        pool: BlockingPool, time: any TimeSource, logger: Logger
    ) async throws(ImageFailure) -> ImageStore {
        let layout = StoreLayout(root: directory)
        let now = time.wallTime().seconds
        do {
            // A mistake in the configuration shows now and not with the first pull.
            for domain in registries.hosts.keys { _ = try RegistryEndpoint.all(of: domain, in: registries) }
            let (lock, recovery) = try await pool.run("open image store") {
                let lock = try StoreLock(layout)
                return (lock, try StoreRecovery.run(layout, now: now, logger: logger))
            }
            return ImageStore(
                layout: layout, lock: lock, recovery: recovery, registries: registries, limits: limits, unpacker: unpacker, timing: timing,
                pool: pool,
                time: time, logger: logger)
        } catch {
            throw ImageFailure(.storeFailed, "cannot open the image store \(directory): \(error)")
        }
    }

    private init(
        layout: StoreLayout, lock: StoreLock, recovery: StoreRecovery.Result, registries: RegistryConfiguration, limits: ImageLimits,
        unpacker: any LayerUnpacker, timing: RegistryTiming, pool: BlockingPool, time: any TimeSource, logger: Logger
    ) {
        self.layout = layout
        self.lock = lock
        self.time = time
        downloads = Downloads(layout: layout)
        use = ImageUse(time: time)
        index = IndexFile(path: layout.index, recovery.index)
        nextNumber = Mutex(recovery.nextNumber)
        self.limits = limits
        self.unpacker = unpacker
        self.pool = pool
        self.logger = logger
        transport = RegistryTransport(configuration: registries, timing: timing, time: time, pool: pool, logger: logger)
    }

    /// A number that no layer and no file beside the layers has had.
    func takeNumber() -> Int {
        nextNumber.withLock { next in
            defer { next += 1 }
            return next
        }
    }

    /// Closes the connections to registries and gives the store up. Pulls that are under way fail.
    package func shutdown() async {
        await transport.clients.shutdown()
        lock.release()
    }

    package func image(_ reference: String) async throws(ImageFailure) -> ImageDescription? {
        let current = index.current
        let found: ImageDescription?
        // Kubernetes asks by image ID too.
        if let id = ContentDigest(reference)?.description {
            found = current.images[id].map { describe(id, $0, current) }
        } else {
            found = current.find(try ImageReference(reference)).map { describe($0.id, $0.image, current) }
        }
        return found.flatMap { use.handOut($0.id) ? $0 : nil }
    }

    package func images() async -> [ImageDescription] {
        let current = index.current
        return current.images.sorted { $0.key < $1.key }.map { describe($0.key, $0.value, current) }
    }

    package func progress(of reference: String) async -> ImagePullStatus? {
        (try? ImageReference(reference)).flatMap { board.status($0.description) }
    }

    package func pull(_ reference: String, credentials: [RegistryCredential]) async throws(ImageFailure) -> ImageDescription {
        let name = try ImageReference(reference)
        do throws(ImageStoreError) {
            return try await pulls.run(PullKey(reference: name, credentials: credentials.map(\.login))) {
                let progress = board.begin(name.description)
                defer { board.end(name.description, progress) }
                return try await fetch(name, credentials: credentials, progress)
            }
        } catch {
            throw Self.failure(error, name)
        }
    }

    package func user(_ user: String, in image: ImageDescription) async throws(ImageFailure) -> ImageUser {
        let limit = limits.accountFileBytes
        let directories = image.lowerDirectories
        do {
            // The search too: an image's files may be as long as the limit.
            return try await pool.run("look up a user") {
                try UserResolver(lowerDirectories: directories, limit: limit).resolve(user)
            }
        } catch let error as ImageStoreError {
            throw ImageFailure(.unknownUser, "cannot \(error.operation) \(error.object) in image \(Self.label(image)): \(error.detail)")
        } catch {
            let isContent = (error as? SystemError).map { $0.code == .tooLarge || $0.is(ELOOP) } ?? false
            throw ImageFailure(isContent ? .unknownUser : .storeFailed, "cannot read the account files of image \(Self.label(image)): \(error)")
        }
    }

    private static func label(_ image: ImageDescription) -> String { "\"\(image.names.first ?? image.repoDigests.first ?? image.id)\"" }

    func describe(_ id: String, _ image: StoreIndex.Image, _ index: StoreIndex) -> ImageDescription {
        ImageDescription(
            id: id, names: image.names, repoDigests: image.repoDigests, size: image.size, config: image.config,
            lowerDirectories: image.layers.reversed().compactMap { index.layer($0).map { layout.layer($0.number) } }, isArtifact: image.isArtifact)
    }

    /// Translates errors at this target's border. Names the image like containerd's messages.
    static func failure(_ error: ImageStoreError, _ name: ImageReference) -> ImageFailure {
        let start = "failed to pull and unpack image \"\(name)\": "
        let code: ImageFailure.Code =
            switch error.code {
            case .unavailable: .registryUnavailable
            case .noRoom: .noRoom
            default: .pullFailed
            }
        guard error.operation == ImageStoreError.resolving else { return ImageFailure(code, start + "\(error)", freeBytes: error.freeBytes) }
        return ImageFailure(code, start + "failed to resolve reference \"\(name)\": \(error.detail)")
    }
}
