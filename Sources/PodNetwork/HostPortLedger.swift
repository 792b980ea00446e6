import Addresses
import Logging
import Nftables
import ProxyCore
import Synchronization

/// The host ports' tables: the claims of all sandboxes, once those of the last agent are known.
final class HostPortLedger: RulesetOwner {
    private struct State {
        var claims = HostPortClaims()
        var isRecovered = false
        /// The sandboxes with IPv4 ports in the tables that were last asked for.
        var asked: Set<String> = []
        /// The sandboxes whose IPv4 ports the kernel forwards.
        var forwarded: Set<String> = []
    }

    private let logger: Logger
    private let state = Mutex(State())

    /// An element after the kernel has got the first IPv4 ports. One reader.
    let forwardingBegan: AsyncStream<Void>
    private let began: AsyncStream<Void>.Continuation

    init(logger: Logger) {
        self.logger = logger
        (forwardingBegan, began) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// The claims of the last agent's sandboxes are in.
    var isRecovered: Bool { state.withLock { $0.isRecovered } }

    func finishRecovery() { state.withLock { $0.isRecovered = true } }

    /// Whether the kernel has the IPv4 table, and keeps it without these sandboxes.
    func forwardsIPv4(without leaving: Set<String>) -> Bool { state.withLock { !$0.forwarded.isSubset(of: leaving) } }

    /// Notes that the kernel is to lose the sandbox's rules.
    func noteLeaving(sandboxID: String) { state.withLock { _ = $0.forwarded.remove(sandboxID) } }

    func update<T: Sendable>(_ body: (inout HostPortClaims) -> T) -> T { state.withLock { body(&$0.claims) } }

    var tableIDs: [TableID] { HostPortCompiler.tables }

    func wantedTables() async -> [Table]? {
        state.withLock { state in
            guard state.isRecovered else { return nil }
            state.asked = state.claims.sandboxesWithIPv4
            return state.claims.tables
        }
    }

    func didSync(_ outcome: RulesetSync.Outcome) async {
        // A sandbox that has left meanwhile is on its way out of the kernel.
        let opened = state.withLock { state in
            let before = state.forwarded
            state.forwarded = state.asked.intersection(state.claims.sandboxesWithIPv4)
            return before.isEmpty && !state.forwarded.isEmpty
        }
        if opened { began.yield() }
        guard outcome.foundForeignChange else { return }
        logger.warning("Host ports were changed by another program and are repaired", metadata: ["operations": "\(outcome.operations)"])
    }

    func syncFailed(_ error: any Error, retryIn pause: Duration) async {
        logger.error("Host ports are not in sync", metadata: ["error": "\(error)", "retry_in": "\(pause)"])
    }
}
