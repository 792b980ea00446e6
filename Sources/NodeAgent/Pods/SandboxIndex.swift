import Synchronization

/// Which pod a sandbox belongs to, from before it exists until its records are gone: what happens in it is routed by this.
package final class SandboxIndex: Sendable {
    private let uids = Mutex<[String: String]>([:])

    package init() {}

    package func set(_ sandboxID: String, podUID: String) {
        uids.withLock { $0[sandboxID] = podUID }
    }

    package func remove(_ sandboxID: String) {
        _ = uids.withLock { $0.removeValue(forKey: sandboxID) }
    }

    package func podUID(ofSandbox sandboxID: String) -> String? {
        uids.withLock { $0[sandboxID] }
    }
}
