import LinuxSystem
import PodCore
import ShimClient
import Synchronization

/// The owners of the blocks of ids. All sandboxes of a pod have the same one; no two pods ever have one at the same time.
final class UserNamespaceIDs: Sendable {
    private struct Owner {
        let podUID: String
        let mapping: IDMapping
    }

    private enum Kept {
        case mapping(IDMapping)
        /// The sandbox has ids, but its files do not say which.
        case unknown(SystemError)
    }

    private let ids: SubordinateIDs
    /// By sandbox.
    private let owners = Mutex<[String: Owner]>([:])
    /// The ids of sandboxes of which only the folders are known.
    private let kept = Mutex<[SandboxPaths: Kept]>([:])

    init(_ ids: SubordinateIDs) { self.ids = ids }

    /// Why no pod can have ids of its own.
    var problem: String? { ids.problem }

    /// The pod's block, a free one when it has none yet.
    func acquire(sandboxID: String, podUID: String) throws(RuntimeFailure) -> IDMapping {
        if let problem = ids.problem { throw RuntimeFailure(.sandbox, "no ids for a pod with hostUsers: false: \(problem)") }
        let kept = try firstsOfKept()
        let found = owners.withLock { owners -> IDMapping? in
            let used = kept.union(owners.values.map(\.mapping.first))
            let known = owners.values.first { $0.podUID == podUID }?.mapping
            guard let mapping = known ?? ids.blocks.first(where: { !used.contains($0) }).map({ IDMapping(first: $0) }) else { return nil }
            owners[sandboxID] = Owner(podUID: podUID, mapping: mapping)
            return mapping
        }
        guard let found else {
            throw RuntimeFailure(
                .sandbox, "no ids for a pod with hostUsers: false: all \(ids.blocks.count) blocks of \(IDMapping.idsPerPod) ids are in use")
        }
        return found
    }

    /// Notes what a sandbox of an earlier agent has, even if it is none of the blocks of now.
    func adopt(_ mapping: IDMapping, sandboxID: String, podUID: String) {
        owners.withLock { $0[sandboxID] = Owner(podUID: podUID, mapping: mapping) }
    }

    /// Keeps the ids of a sandbox that cannot be recovered from everybody, for as long as its folder is there. Reads a small file.
    func keep(idsOf paths: SandboxPaths) {
        let found: Kept
        do throws(SystemError) {
            // Without the file it has the node's ids, or is known here already and was removed in part.
            guard try FileStatus.ifPresent(paths.ids) != nil else { return }
            guard let mapping = IDMapping(text: try SmallFile.text(paths.ids)) else {
                throw SystemError(code: .malformed, call: "read", path: paths.ids, detail: "wanted two numbers, the first id and how many")
            }
            found = .mapping(mapping)
        } catch {
            found = .unknown(error)
        }
        kept.withLock { $0[paths] = found }
    }

    /// A folder that cannot be looked at counts as one that is there.
    private static func isGone(_ directory: String) -> Bool {
        do throws(SystemError) { return try FileStatus.ifPresent(directory) == nil } catch { return false }
    }

    /// - Throws: when some sandbox may have any of the ids.
    private func firstsOfKept() throws(RuntimeFailure) -> Set<UInt32> {
        try kept.withLock { (kept) throws(RuntimeFailure) in
            kept = kept.filter { paths, _ in !Self.isGone(paths.directory) }
            var firsts: Set<UInt32> = []
            for (paths, ids) in kept {
                switch ids {
                case .mapping(let mapping): firsts.insert(mapping.first)
                case .unknown(let problem):
                    throw RuntimeFailure(
                        .sandbox,
                        "no ids for a pod with hostUsers: false: a sandbox that cannot be recovered may have any of them (\(problem)); "
                            + "end what is left of it and remove \(paths.directory)")
                }
            }
            return firsts
        }
    }

    /// Nothing of the sandbox is left. May be repeated.
    func release(sandboxID: String) {
        _ = owners.withLock { $0.removeValue(forKey: sandboxID) }
    }
}
