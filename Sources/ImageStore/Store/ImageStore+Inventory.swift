// Whole-module builds take `timespec` and `stat` from there.
import CArchive
import CLinux
import Glibc
import KubeModel
import LinuxSystem
import Logging
package import PodCore
import Timing

extension ImageStore: ImageInventory {
    package func storedImages() async -> [StoredImage] {
        let current = index.current
        var owners: [String: Int] = [:]
        for image in current.images.values {
            for layer in Set(image.layers) { owners[layer.description, default: 0] += 1 }
        }
        let times = await lastUses(Array(current.images.keys))
        return current.images.sorted { $0.key < $1.key }.map { id, image in
            let layers = Set(image.layers)
            func bytes(_ isCounted: (ContentDigest) -> Bool) -> Int64 {
                layers.filter(isCounted).reduce(0) { $0 + (current.layer($1)?.bytes ?? 0) }
            }
            return StoredImage(
                image: describe(id, image, current), isPinned: image.isPinned, lastUse: times[id] ?? 0, idle: use.idle(id),
                unpackedBytes: bytes { _ in true }, ownBytes: bytes { owners[$0.description] == 1 })
        }
    }

    /// The time of the configuration's file is the image's last use: it outlives the process, and needs no new index.
    private func lastUses(_ ids: [String]) async -> [String: Int64] {
        let files = ids.compactMap { id in ContentDigest(id).map { (id: id, path: layout.blob($0)) } }
        let times = try? await pool.run("read times of images") {
            files.map { ($0.id, (try? FileStatus.ifPresent($0.path))?.modified ?? 0) }
        }
        return Dictionary((times ?? []).map { ($0.0, $0.1 / 1_000_000_000) }) { first, _ in first }
    }

    package func noteUse(of ids: Set<String>) async {
        let paths = ids.compactMap { ContentDigest($0).map(layout.blob) }
        let now = time.wallTime()
        let times = [timespec](repeating: timespec(tv_sec: Int(now.seconds), tv_nsec: Int(now.nanoseconds)), count: 2)
        // The order of later removals depends on it, and nothing else.
        _ = try? await pool.run("note use of images") {
            for path in paths { _ = utimensat(AT_FDCWD, path, times, SWL_AT_SYMLINK_NOFOLLOW) }
        }
    }

    package func removeImage(_ id: String, unusedFor age: Duration, keeping used: Set<String>) async throws(ImageFailure) -> Int64? {
        typealias Removed = (numbers: [Int], bytes: Int64, blobs: [ContentDigest])
        do {
            let removed = try await index.update { [layout, holds, use] index -> Removed? in
                guard let image = index.images[id] else { return nil }
                guard !image.isPinned else {
                    throw ImageStoreError(.unsupported, "remove", id, "the image is pinned; unpin it first ('swiftlet images unpin')")
                }
                guard use.leave(id, unusedFor: age) else { return nil }
                index.images[id] = nil
                let chains = Set(image.layers.map(\.description))
                let layers = index.dropUnreferenced { chain, layer in
                    !chains.contains(chain) || holds.contains(chain) || used.contains(layout.layer(layer.number))
                }
                return (layers.numbers, layers.bytes, image.manifests + [ContentDigest(id)].compactMap { $0 })
            }
            guard let removed else { return nil }
            try await removeFiles(removed.numbers, removed.blobs)
            return removed.bytes
        } catch {
            use.stay(id)
            throw ImageFailure(.storeFailed, "cannot remove image \(id): \(error)")
        }
    }

    package func removeLeftovers(olderThan age: Duration, keeping used: Set<String>) async throws(ImageFailure) -> Int64 {
        let now = time.wallTime().seconds
        do {
            let layers = try await index.update { [layout, holds] index -> (numbers: [Int], bytes: Int64) in
                let dropped = index.dropUnreferenced { chain, layer in holds.contains(chain) || used.contains(layout.layer(layer.number)) }
                let free = index.retained.filter { !used.contains(layout.layer($0)) }
                index.retained.removeAll { free.contains($0) }
                return (dropped.numbers + free, dropped.bytes)
            }
            try await removeFiles(layers.numbers, [])
            let downloads = try await pool.run("remove old downloads") { [downloads] in
                try downloads.removeStale(olderThan: age.components.seconds, now: now)
            }
            return layers.bytes + downloads
        } catch {
            throw ImageFailure(.storeFailed, "cannot remove leftovers of pulls: \(error)")
        }
    }

    /// Removes directories and files that the index does not name any more.
    private func removeFiles(_ numbers: [Int], _ blobs: [ContentDigest]) async throws {
        if !blobs.isEmpty {
            // In line with changes of the index, so that a pull does not count on a file that goes.
            try await index.serially { [layout] current in
                let named = current.namedBlobs
                for blob in blobs where !named.contains(blob.description) { try AtomicFile.remove(layout.blob(blob)) }
            }
        }
        for number in numbers {
            let directory = layout.layer(number)
            try await pool.run("remove layer") { try TreeRemoval.remove(directory) }
        }
    }

    package func space() async throws(ImageFailure) -> ImageSpace {
        do {
            let stats = try await BlockingPool.shared.run("look at the image store", deadline: .seconds(30)) { [root = layout.root] in
                try FileSystemStats(path: root)
            }
            return ImageSpace(capacity: Int64(clamping: stats.capacity), available: Int64(clamping: stats.available))
        } catch {
            throw ImageFailure(.storeFailed, "the free space of the image store \(layout.root) cannot be read: \(error)")
        }
    }

    /// Pins an image, or ends its pin. Returns false if there is none of that reference.
    package func pin(_ reference: String, _ isPinned: Bool) async throws(ImageFailure) -> Bool {
        guard let id = try await image(reference)?.id else { return false }
        do {
            return try await index.update { index in
                guard index.images[id] != nil else { return false }
                index.images[id]?.pinned = isPinned ? true : nil
                return true
            }
        } catch {
            throw ImageFailure(.storeFailed, "cannot pin image \(id): \(error)")
        }
    }

    /// Takes one of several names away from an image. Returns false if that is its only name, or none of its names.
    package func removeName(_ reference: String, of id: String) async throws(ImageFailure) -> Bool {
        guard ContentDigest(reference) == nil else { return false }
        let name = try ImageReference(reference)
        do {
            return try await index.update { index in
                guard var image = index.images[id], name.digest == nil, image.names.count > 1, image.names.contains(name.description) else {
                    return false
                }
                image.names.removeAll { $0 == name.description }
                index.images[id] = image
                return true
            }
        } catch {
            throw ImageFailure(.storeFailed, "cannot remove the name \(name): \(error)")
        }
    }
}
