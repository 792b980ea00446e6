import PodCore
import Synchronization

/// Who has which block of ids. All sandboxes of a pod have the same one; no two pods ever have one at the same time.
final class UserNamespaceIDs: Sendable {
    private struct Owner {
        let podUID: String
        let mapping: IDMapping
    }

    private let ids: SubordinateIDs
    /// By sandbox.
    private let owners = Mutex<[String: Owner]>([:])

    init(_ ids: SubordinateIDs) { self.ids = ids }

    /// Why no pod can have ids of its own.
    var problem: String? { ids.problem }

    /// The pod's block, a free one when it has none yet.
    func acquire(sandboxID: String, podUID: String) throws(RuntimeFailure) -> IDMapping {
        if let problem = ids.problem { throw RuntimeFailure(.sandbox, "no ids for a pod with hostUsers: false: \(problem)") }
        let found = owners.withLock { owners -> IDMapping? in
            let used = Set(owners.values.map(\.mapping.first))
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

    /// Nothing of the sandbox is left. Repeating it is no error.
    func release(sandboxID: String) {
        _ = owners.withLock { $0.removeValue(forKey: sandboxID) }
    }
}
