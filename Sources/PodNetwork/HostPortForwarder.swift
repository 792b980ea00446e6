package import Logging
package import Nftables
import PodCore
package import ProxyCore
package import Timing

/// The owners of the node's ports, and the kernel's rules for them.
///
/// The claims are the level: every change of them, and every change of the tables by another program, ends in one comparison of all of them with
/// the kernel's tables. The rules stay when the agent stops and are adopted by the next one.
package actor HostPortForwarder {
    private let conntrack: any ConntrackCleaner
    private let logger: Logger
    private let ledger: HostPortLedger
    private let keeper: RulesetKeeper
    /// Sandboxes that have given their ports up, but may still get packets.
    private var leaving: [String: HostPortClaim] = [:]

    /// - Parameter time: measures the pauses after failures.
    package init(store: any RulesetStore, conntrack: any ConntrackCleaner, logger: Logger, time: any TimeSource) {
        self.conntrack = conntrack
        self.logger = logger
        ledger = HostPortLedger(logger: logger)
        keeper = RulesetKeeper(owner: ledger, store: store, time: time)
    }

    /// Repairs changes by other programs, until it is cancelled. Throws when the kernel's notifications cannot be had or end.
    package func run() async throws { try await keeper.run() }

    /// Whether the kernel has the rules for IPv4, among them the guard of the node's loopback, and keeps them without these sandboxes.
    nonisolated func forwardsIPv4(without leaving: Set<String> = []) -> Bool { ledger.forwardsIPv4(without: leaving) }

    /// An element after the kernel has got the first IPv4 ports, which may be long after they were asked for. One reader.
    nonisolated var forwardingBegan: AsyncStream<Void> { ledger.forwardingBegan }

    /// Takes over the ports of sandboxes that outlived the last agent. `run()` repeats what the kernel refuses.
    func recover(_ sandboxes: [SandboxNetwork]) async {
        for sandbox in sandboxes.sorted(by: { $0.sandboxID < $1.sandboxID }) where !sandbox.hostPorts.isEmpty && !sandbox.addresses.isEmpty {
            do throws(NetworkFailure) {
                let claim = try HostPortClaim(sandbox)
                if sandbox.isRunning {
                    try insert(claim, sandboxID: sandbox.sandboxID)
                } else {
                    leaving[sandbox.sandboxID] = claim
                }
            } catch {
                logger.error("The host ports of a running pod lead nowhere; delete the pod to have it made anew", metadata: ["error": "\(error)"])
            }
        }
        ledger.finishRecovery()
        do {
            try await keeper.settle()
        } catch {
            logger.error("Host ports are not in sync", metadata: ["error": "\(error)"])
        }
    }

    /// The ports lead to the sandbox on return.
    func add(_ sandbox: SandboxNetwork) async throws(NetworkFailure) {
        guard !sandbox.hostPorts.isEmpty else { return }
        guard ledger.isRecovered else {
            throw NetworkFailure(
                .notReady, "host ports of pod \(sandbox.pod): wanted to know first which ones are taken; the pods are still being found")
        }
        let claim = try HostPortClaim(sandbox)
        try insert(claim, sandboxID: sandbox.sandboxID)
        do {
            try await keeper.settle()
            if let stale = claim.earlierFlows { _ = try await conntrack.delete(stale) }
        } catch {
            try? await remove(sandbox.sandboxID)
            throw NetworkFailure(.kernel, "cannot forward the host ports of pod \(sandbox.pod): \(error)")
        }
    }

    /// No packet is led to the sandbox any more on return. To be repeated after a failure; until then no other sandbox may get its addresses.
    func remove(_ sandboxID: String) async throws(NetworkFailure) {
        ledger.noteLeaving(sandboxID: sandboxID)
        if let claim = ledger.update({ $0.remove(sandboxID: sandboxID) }) { leaving[sandboxID] = claim }
        guard let claim = leaving[sandboxID] else { return }
        do {
            try await keeper.settle()
            // Only now: as long as the rules are there, the next packet would make the flow again.
            if let stale = claim.remainingFlows { _ = try await conntrack.delete(stale) }
        } catch {
            throw NetworkFailure(.kernel, "cannot take the host ports of pod \(claim.pod) back: \(error)")
        }
        leaving[sandboxID] = nil
    }

    /// Takes the ports, unless another sandbox has one of them.
    private func insert(_ claim: HostPortClaim, sandboxID: String) throws(NetworkFailure) {
        let first = ledger.update { claims -> HostPortClaims.Collision? in
            if let collision = claims.collision(of: claim, sandboxID: sandboxID) { return collision }
            _ = claims.insert(claim, sandboxID: sandboxID)
            return nil
        }
        guard let first else { return }
        throw NetworkFailure(
            .portTaken,
            "host port \(first.frontend) of pod \(claim.pod) is in use by pod \(first.pod) on this node; "
                + "wanted a free one: change hostPort or hostIP, or delete the other pod")
    }
}
