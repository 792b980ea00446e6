import Synchronization

/// The pod of each sandbox, from before the sandbox exists until its records are gone. Runtime events are routed by it.
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
