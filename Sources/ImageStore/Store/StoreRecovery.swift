import CLinux
import Glibc
import LinuxSystem
import Logging
import PodCore

/// Prepares the store for use: reads the index, puts a damaged one aside, removes content that it does not name. Blocking.
enum StoreRecovery {
    struct Result: Sendable {
        let index: StoreIndex
        /// The first number that no layer directory has.
        let nextNumber: Int
    }

    static func run(_ layout: StoreLayout, now: Int64, logger: Logger) throws -> Result {
        for directory in layout.directories {
            try Directories.make(directory, mode: 0o700)
            // Images carry setuid programs, so only root may reach them.
            try systemCall("chmod", directory) { chmod(directory, 0o700) }
        }
        let found = try DirectoryListing.names(at: layout.layers).compactMap { name in Int(name).flatMap { String($0) == name && $0 >= 0 ? $0 : nil }
        }
        var index = StoreIndex()
        var isChanged = false
        switch try IndexFile.read(layout.index) {
        case .index(let known): index = known
        case .absent:
            // Layers without an index: content of another program, or an incomplete restore from a backup.
            index.retained = found
            // Also an empty one, so that what a kill leaves of the first pull is known to be this store's.
            isChanged = true
        case .damaged(let reason):
            let aside = try quarantine(layout.index)
            logger.error(
                "Image index is damaged and was put aside; images are pulled again, layers of running containers are kept",
                metadata: ["file": "\(aside)", "reason": "\(reason)"])
            index.retained = found
            isChanged = true
        }

        let used = index.usedNumbers
        var existing: Set<Int> = []
        for number in found {
            let directory = layout.layer(number)
            if used.contains(number), try FileStatus.ifPresent(directory)?.kind == .directory {
                existing.insert(number)
            } else {
                remove(directory, logger)
            }
        }
        let broken = index.dropIncomplete(existing: existing)
        for id in broken { logger.warning("Image lacks a layer and is dropped", metadata: ["image": "\(id)"]) }
        let retained = index.retained.filter(existing.contains)
        isChanged = isChanged || !broken.isEmpty || retained != index.retained
        index.retained = retained
        if isChanged { try IndexFile.write(index, to: layout.index) }

        try clearIngest(layout, now, logger)
        // Temporary files of interrupted replacements begin with a dot.
        for directory in [layout.root, layout.blobs] {
            for name in try DirectoryListing.names(at: directory) where name.hasPrefix(".") { remove("\(directory)/\(name)", logger) }
        }
        return Result(index: index, nextNumber: (found.max() ?? 0) + 1)
    }

    /// Downloads under their digests go on later, if they are not too old.
    private static func clearIngest(_ layout: StoreLayout, _ now: Int64, _ logger: Logger) throws(SystemError) {
        for name in try DirectoryListing.names(at: layout.ingest) {
            let path = "\(layout.ingest)/\(name)"
            if ContentDigest(ContentDigest.prefix + name) != nil, let status = try FileStatus.ifPresent(path), status.kind == .file,
                now - status.modified / 1_000_000_000 < ImageCollectionPolicy.downloadAge.components.seconds
            {
                continue
            }
            remove(path, logger)
        }
    }

    private static func remove(_ path: String, _ logger: Logger) {
        do throws(SystemError) {
            try TreeRemoval.remove(path)
        } catch {
            logger.warning("Leftover of the image store cannot be removed", metadata: ["path": "\(path)", "error": "\(error)"])
        }
    }

    /// Renames to the first free `<path>.damaged-<n>`.
    private static func quarantine(_ path: String) throws(SystemError) -> String {
        var number = 1
        while true {
            let aside = "\(path).damaged-\(number)"
            do throws(SystemError) {
                try systemCall("renameat2", path) { swl_renameat2(AT_FDCWD, path, AT_FDCWD, aside, SWL_RENAME_NOREPLACE) }
                return aside
            } catch {
                guard error.is(EEXIST) else { throw error }
                number += 1
            }
        }
    }
}
