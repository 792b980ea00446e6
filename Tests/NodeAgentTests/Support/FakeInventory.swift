import PodCore
import Synchronization
import TestSupport

/// Images on a disk of 100 bytes, and the containers that use them.
final class FakeInventory: ImageInventory, ImageUsers {
    struct State: Sendable {
        var images: [StoredImage] = []
        /// Bytes of other files on the disk.
        var others: Int64 = 0
        var used = UsedImages()
        /// Whether it is unknown what is used.
        var isBlind = false
        /// Images whose removal fails.
        var stuck: Set<String> = []
        var leftovers: Int64 = 0
        /// The time that is noted as an image's last use, if any is.
        var now: Int64?
    }

    let state: Mutex<State>
    let calls = Journal<String>()

    init(_ state: State) { self.state = Mutex(state) }

    static func image(_ id: String, bytes: Int64, lastUse: Int64, idle: Int64 = 1000, isPinned: Bool = false) -> StoredImage {
        StoredImage(
            image: ImageDescription(id: id, names: [id], repoDigests: [], size: bytes, config: ImageConfig(), lowerDirectories: ["/\(id)"]),
            isPinned: isPinned, lastUse: lastUse, idle: .seconds(idle), unpackedBytes: bytes, ownBytes: bytes)
    }

    func storedImages() async -> [StoredImage] { state.withLock { $0.images } }

    func usedImages() async throws(ImageFailure) -> UsedImages {
        let (used, isBlind) = state.withLock { ($0.used, $0.isBlind) }
        if isBlind { throw ImageFailure(.storeFailed, "nobody knows") }
        return used
    }

    func noteUse(of ids: Set<String>) async {
        calls.note("use \(ids.sorted().joined(separator: " "))")
        state.withLock { state in
            guard let now = state.now else { return }
            state.images = state.images.map { ids.contains($0.image.id) ? Self.image($0.image.id, bytes: $0.ownBytes, lastUse: now) : $0 }
        }
    }

    func removeImage(_ id: String, unusedFor age: Duration, keeping used: Set<String>) async throws(ImageFailure) -> Int64? {
        let (isStuck, bytes) = state.withLock { state -> (Bool, Int64?) in
            if state.stuck.contains(id) { return (true, nil) }
            guard let index = state.images.firstIndex(where: { $0.image.id == id && $0.idle >= age }) else { return (false, nil) }
            return (false, state.images.remove(at: index).ownBytes)
        }
        calls.note("remove \(id)")
        if isStuck { throw ImageFailure(.storeFailed, "\(id) cannot be removed") }
        return bytes
    }

    func removeLeftovers(olderThan age: Duration, keeping used: Set<String>) async throws(ImageFailure) -> Int64 {
        calls.note("leftovers \(age.components.seconds)")
        return state.withLock { state in
            defer { state.leftovers = 0 }
            return state.leftovers
        }
    }

    func space() async throws(ImageFailure) -> ImageSpace {
        let used = state.withLock { state in state.images.reduce(state.others + state.leftovers) { $0 + $1.ownBytes } }
        calls.note("space")
        return ImageSpace(capacity: 100, available: 100 - used)
    }
}
