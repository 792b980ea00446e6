import Glibc
import LinuxSystem
import Synchronization

/// The files that layers are downloaded into. A file is named by its digest and goes on where an earlier process stopped.
final class Downloads: Sendable {
    private let layout: StoreLayout
    private let busy = Mutex<Set<ContentDigest>>([])

    init(layout: StoreLayout) { self.layout = layout }

    /// Opens the file of a layer, with what is there of it. Blocking.
    /// - Parameter number: names the file when another pull writes to the layer's own.
    func open(_ digest: ContentDigest, number: Int) throws(SystemError) -> BlobFile {
        guard busy.withLock({ $0.insert(digest).inserted }) else { return try BlobFile(path: "\(layout.ingest)/\(number)") }
        do throws(SystemError) {
            return try BlobFile(continuing: layout.download(digest))
        } catch {
            free(digest)
            throw error
        }
    }

    /// Ends the use of a file. Its content stays for the next try if `isWorthKeeping`.
    func close(_ file: BlobFile, of digest: ContentDigest, isWorthKeeping: Bool) {
        let isOwn = file.path == layout.download(digest)
        if !isOwn || !isWorthKeeping { file.remove() }
        if isOwn { free(digest) }
    }

    private func free(_ digest: ContentDigest) {
        _ = busy.withLock { $0.remove(digest) }
    }

    /// Removes downloads that have not gone on for so many seconds. Returns the bytes freed. Blocking.
    /// - Parameter now: seconds since 1970.
    func removeStale(olderThan age: Int64, now: Int64) throws(SystemError) -> Int64 {
        var freed: Int64 = 0
        for name in try DirectoryListing.names(at: layout.ingest) {
            let path = "\(layout.ingest)/\(name)"
            guard let digest = ContentDigest(ContentDigest.prefix + name), let status = try FileStatus.ifPresent(path),
                now - status.modified / 1_000_000_000 >= age,
                // As busy for a moment: no pull opens the file meanwhile.
                busy.withLock({ $0.insert(digest).inserted })
            else { continue }
            defer { free(digest) }
            try TreeRemoval.remove(path)
            freed += Int64(status.size)
        }
        return freed
    }

    /// Bytes of all downloads. Blocking.
    func bytes() throws(SystemError) -> Int64 {
        var total: Int64 = 0
        for name in try DirectoryListing.names(at: layout.ingest) {
            if let status = try FileStatus.ifPresent("\(layout.ingest)/\(name)") { total += Int64(status.allocated) }
        }
        return total
    }
}
