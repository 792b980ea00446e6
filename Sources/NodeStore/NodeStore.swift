import Crypto
import LinuxSystem
package import Logging
package import PodCore
import Synchronization

/// The node's memory on disk: a folder with a file for each record, written only when its content changes.
///
/// A power cut leaves the old file or the new one. A file that cannot be read as a record is moved into the folder `damaged` and named in the log;
/// the other records are not affected. A file of a newer version stays where it is, for the time when that version runs again, until this version
/// has something to write under its name.
package final class NodeStore: RecordStore {
    /// A disk that does not answer must not hold a thread's caller for ever.
    private static let deadline = Duration.seconds(60)

    private let folder: RecordFolder
    private let logger: Logger
    /// The digests of the files' contents as far as they are known, so that an unchanged record costs no system call.
    private let digests = Mutex<[RecordName: SHA256Digest]>([:])
    /// After an agent was replaced by an older one, all records are of a newer version.
    private let hasReportedNewer = Atomic(false)

    package init(directory: String, logger: Logger) {
        folder = RecordFolder(path: directory)
        self.logger = logger
    }

    package func records(of kind: RecordName.Kind) async -> [RecordName: [UInt8]] {
        await blocking("read remembered \(kind.rawValue)") { [self] in
            var records: [RecordName: [UInt8]] = [:]
            readAll(kind) { records[$0.name] = $0.content }
            return records
        } ?? [:]
    }

    package func names(of kind: RecordName.Kind) async -> Set<RecordName> {
        await blocking("list remembered \(kind.rawValue)") { [self] in
            var names: Set<RecordName> = []
            readAll(kind) { names.insert($0.name) }
            return names
        } ?? []
    }

    package func record(_ name: RecordName) async -> [UInt8]? {
        await blocking("read a remembered object") { [self] in read(name)?.content } ?? nil
    }

    package func apply(_ changes: [RecordName: [UInt8]?]) async -> [RecordFailure] {
        do {
            return try await BlockingPool.shared.run("write the node's memory", deadline: Self.deadline) { [self] in write(changes) }
        } catch {
            return changes.keys.map { Self.failure($0, error) }
        }
    }

    private func blocking<Result: Sendable>(_ operation: String, _ body: @escaping @Sendable () -> Result) async -> Result? {
        do {
            return try await BlockingPool.shared.run(operation, deadline: Self.deadline) { body() }
        } catch {
            logger.error("The node's memory cannot be read", metadata: ["operation": "\(operation)", "error": "\(error)"])
            return nil
        }
    }

    private func write(_ changes: [RecordName: [UInt8]?]) -> [RecordFailure] {
        var failures: [RecordFailure] = []
        var changed: [String: [RecordName]] = [:]
        for (name, content) in changes.sorted(by: { $0.key < $1.key }) {
            do throws(SystemError) {
                if try write(name, content) { changed[RecordPath(name).folder, default: []].append(name) }
            } catch {
                forgetDigest(name)
                failures.append(Self.failure(name, error))
            }
        }
        for (place, names) in changed {
            do throws(SystemError) {
                try folder.sync(place)
            } catch {
                for name in names {
                    forgetDigest(name)
                    failures.append(Self.failure(name, error))
                }
            }
        }
        return failures
    }

    /// Returns whether anything was changed.
    private func write(_ name: RecordName, _ content: [UInt8]?) throws(SystemError) -> Bool {
        guard let content else {
            forgetDigest(name)
            return try folder.remove(name)
        }
        let digest = SHA256.hash(data: content)
        let known = digests.withLock { $0[name] } ?? read(name).map { SHA256.hash(data: $0.content) }
        guard known != digest else { return false }
        try folder.write(RecordFile(name: name, content: content))
        digests.withLock { $0[name] = digest }
        return true
    }

    private func forgetDigest(_ name: RecordName) {
        digests.withLock { _ = $0.removeValue(forKey: name) }
    }

    private func read(_ name: RecordName) -> RecordFile? {
        do {
            guard let record = try folder.read(name) else { return nil }
            digests.withLock { $0[name] = SHA256.hash(data: record.content) }
            return record
        } catch {
            let place = RecordPath(name)
            report(RecordPathError(folder: place.folder, file: place.file, error: error))
            return nil
        }
    }

    private func readAll(_ kind: RecordName.Kind, _ found: (RecordFile) -> Void) {
        folder.readAll(kind) { record in
            digests.withLock { $0[record.name] = SHA256.hash(data: record.content) }
            found(record)
        } failed: {
            report($0)
        }
    }

    /// Only content that no version could read as a record is put aside: a disk that fails to read may succeed later.
    private func report(_ failure: RecordPathError) {
        guard let damage = failure.error as? RecordDamage else {
            return logger.error("A remembered object cannot be read", metadata: ["file": "\(failure.path)", "error": "\(failure.error)"])
        }
        if case .newer(let found) = damage {
            guard !hasReportedNewer.exchange(true, ordering: .relaxed) else { return }
            return logger.error(
                "Remembered objects are of a newer version of swiftlet and are not read; install that version again, or let the API server give them anew",
                metadata: ["found": "\(found)", "wanted": "\(RecordFile.version)", "file": "\(failure.path)"])
        }
        do throws(SystemError) {
            let moved = try folder.putAside(folder: failure.folder, file: failure.file)
            logger.error(
                "A remembered object is damaged; its file is put aside",
                metadata: ["file": "\(moved)", "was": "\(failure.path)", "damage": "\(damage)"])
        } catch {
            logger.error(
                "A remembered object is damaged; its file cannot be put aside",
                metadata: ["file": "\(failure.path)", "damage": "\(damage)", "error": "\(error)"])
        }
    }

    private static func failure(_ name: RecordName, _ error: any Error) -> RecordFailure {
        let system = error as? SystemError
        return RecordFailure(name, reason: system?.errno.map(SystemError.text) ?? system?.code.description ?? "\(error)", detail: "\(error)")
    }
}
