import FoundationEssentials
package import Logging
package import PodCore

/// Evictions as records in the node's memory. Unlike the other records they are written at once: the pod's first stop signal waits for that.
package struct RememberedEvictions: EvictionRecords {
    private let store: any RecordStore
    private let logger: Logger

    package init(_ store: any RecordStore, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    package func load() async -> [String: PodEviction] {
        var evictions: [String: PodEviction] = [:]
        for (name, bytes) in await store.records(of: .eviction) {
            guard let uid = name.parts.first else { continue }
            // A record that cannot be read stays: it is of no other use than this.
            evictions[uid] = try? JSONDecoder().decode(PodEviction.self, from: Data(bytes))
        }
        return evictions
    }

    package func store(_ eviction: PodEviction, podUID: String) async {
        guard let bytes = try? JSONEncoder().encode(eviction) else { return }
        await apply([.eviction(podUID): Array(bytes)])
    }

    package func remove(podUID: String) async {
        await apply([.eviction(podUID): nil])
    }

    /// Without its record a pod still ends, as long as the agent runs.
    private func apply(_ change: [RecordName: [UInt8]?]) async {
        for failure in await store.apply(change) {
            logger.warning("Records of evictions are not kept", metadata: ["record": "\(failure.name)", "error": "\(failure.detail)"])
        }
    }
}
