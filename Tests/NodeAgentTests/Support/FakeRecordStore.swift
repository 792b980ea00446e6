import KubeModel
import PodCore
import Synchronization
import TestSupport

@testable import NodeAgent

/// Records in memory. Notes every change that a disk would see.
final class FakeRecordStore: RecordStore {
    private struct State {
        var records: [RecordName: [UInt8]] = [:]
        var failure: String?
        var tries = 0
    }

    let changes = Journal<String>()
    private let state = Mutex(State())

    init(_ records: [RecordName: JSONValue] = [:]) {
        state.withLock { $0.records = records.mapValues { Array($0.description.utf8) } }
    }

    /// The store of an earlier agent that ran these pods.
    convenience init(pods: [Pod]) throws {
        self.init(Dictionary(uniqueKeysWithValues: try pods.map { (.pod($0.uid), try Wire.encode($0)) }))
    }

    var names: [String] { state.withLock { $0.records.keys.map(\.description).sorted() } }
    var tries: Int { state.withLock { $0.tries } }

    /// `nil` for a store that works.
    func fail(with reason: String?) { state.withLock { $0.failure = reason } }

    func records(of kind: RecordName.Kind) async -> [RecordName: [UInt8]] { state.withLock { $0.records.filter { $0.key.kind == kind } } }
    func names(of kind: RecordName.Kind) async -> Set<RecordName> { Set(await records(of: kind).keys) }
    func record(_ name: RecordName) async -> [UInt8]? { state.withLock { $0.records[name] } }

    func apply(_ changes: [RecordName: [UInt8]?]) async -> [RecordFailure] {
        let (failures, changed) = state.withLock { state -> ([RecordFailure], [String]) in
            state.tries += 1
            if let failure = state.failure { return (changes.keys.map { RecordFailure($0, reason: failure, detail: failure) }, []) }
            var changed: [String] = []
            for (name, content) in changes.sorted(by: { $0.key < $1.key }) where state.records[name] != content {
                state.records[name] = content
                changed.append("\(content == nil ? "remove" : "write") \(name)")
            }
            return ([], changed)
        }
        for change in changed { self.changes.note(change) }
        return failures
    }
}
