import NodeAgent
import PodCore
import Synchronization

/// Evictions as on a disk.
final class FakeEvictionRecords: EvictionRecords {
    private let state: Mutex<[String: PodEviction]>

    init(_ evictions: [String: PodEviction] = [:]) {
        state = Mutex(evictions)
    }

    var kept: [String: PodEviction] { state.withLock { $0 } }

    func load() async -> [String: PodEviction] { kept }
    func store(_ eviction: PodEviction, podUID: String) async { state.withLock { $0[podUID] = eviction } }
    func remove(podUID: String) async { state.withLock { $0[podUID] = nil } }
}
