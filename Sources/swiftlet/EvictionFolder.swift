import FoundationEssentials
import LinuxSystem
import Logging
import NodeAgent
import PodCore

/// The evictions that outlive the agent, one small file for each pod.
struct EvictionFolder: EvictionRecords {
    private let path: String
    private let logger: Logger

    init(_ path: String, logger: Logger) {
        self.path = path
        self.logger = logger
    }

    func load() async -> [String: PodEviction] {
        await attempt("read") { [path] in
            var evictions: [String: PodEviction] = [:]
            for uid in try DirectoryListing.names(at: path) where !uid.hasPrefix(".") {
                // A file that cannot be read stays: it is of no other use than this.
                evictions[uid] = try? JSONDecoder().decode(PodEviction.self, from: Data(SmallFile.bytes(path + "/" + uid)))
            }
            return evictions
        } ?? [:]
    }

    func store(_ eviction: PodEviction, podUID: String) async {
        await attempt("write") { [path] in
            guard let name = FileName(podUID)?.text, !name.hasPrefix(".") else { return }
            try Directories.make(path, mode: 0o700)
            try AtomicFile.replace(path + "/" + name, with: [UInt8](JSONEncoder().encode(eviction)), durability: .synced)
        }
    }

    func remove(podUID: String) async {
        await attempt("remove") { [path] in
            guard let name = FileName(podUID)?.text, !name.hasPrefix(".") else { return }
            try AtomicFile.remove(path + "/" + name)
        }
    }

    /// Without its record a pod still ends, as long as the agent runs: a failure is logged.
    @discardableResult
    private func attempt<T: Sendable>(_ what: String, _ body: @escaping @Sendable () throws -> T) async -> T? {
        do {
            return try await BlockingPool.shared.run("evictions", deadline: .seconds(20), body)
        } catch {
            logger.warning("Records of evictions are not kept", metadata: ["step": "\(what)", "folder": "\(path)", "error": "\(error)"])
            return nil
        }
    }
}
