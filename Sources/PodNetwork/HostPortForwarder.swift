package import LinuxNetlink
package import Logging
package import Nftables
import PodCore

/// Who has which port of the node, and the kernel's rules for that.
///
/// The claims are the level: every change of them, and every change of the tables by somebody else, ends in one comparison of all of them with
/// what the kernel has. The rules stay when the agent stops and are adopted by the next one.
package actor HostPortForwarder {
    private let store: any RulesetStore
    private let conntrack: ConntrackTable
    private let clock: any Clock<Duration>
    private let logger: Logger

    private var claims = HostPortClaims()
    /// Sandboxes that have given their ports up and that packets may still be led to.
    private var leaving: [String: HostPortClaim] = [:]
    private var isRecovered = false

    private var sync: RulesetSync
    /// Counts the changes of `claims`, and up to which one the kernel has them.
    private var version = 0
    private var committed = -1
    private var isKernelUnknown = true
    private var isBusy = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// - Parameter clock: measures the pauses after failures.
    package init(store: any RulesetStore, conntrack: ConntrackTable, logger: Logger, clock: any Clock<Duration> = ContinuousClock()) {
        self.store = store
        self.conntrack = conntrack
        self.logger = logger
        self.clock = clock
        sync = RulesetSync(store: store)
    }

    /// Repairs what other programs change, until it is cancelled. Throws when the kernel's notifications cannot be had or end.
    package func run() async throws {
        let changes = try await store.foreignChanges(to: HostPortRules.tables)
        // What was changed before has not been told.
        try await repair()
        for await _ in changes { try await repair() }
        try Task.checkCancellation()
        throw NftablesError(code: .unavailable, detail: "the kernel's nf_tables notifications ended")
    }

    /// Takes over the ports of sandboxes that outlived the last agent. A kernel that refuses is asked again by `run()`.
    func recover(_ sandboxes: [SandboxNetwork]) async {
        for sandbox in sandboxes.sorted(by: { $0.sandboxID < $1.sandboxID }) where !sandbox.hostPorts.isEmpty && !sandbox.addresses.isEmpty {
            do throws(NetworkFailure) {
                let claim = try HostPortClaim(sandbox)
                if sandbox.isRunning {
                    try refuseCollisions(of: claim, sandboxID: sandbox.sandboxID)
                    _ = claims.insert(claim, sandboxID: sandbox.sandboxID)
                } else {
                    leaving[sandbox.sandboxID] = claim
                }
            } catch {
                logger.error("The host ports of a running pod lead nowhere; delete the pod to have it made anew.", metadata: ["error": "\(error)"])
            }
        }
        version += 1
        isRecovered = true
        do {
            try await settle()
        } catch {
            logger.error("host ports are not in sync", metadata: ["error": "\(error)"])
        }
    }

    /// In effect on return.
    func add(_ sandbox: SandboxNetwork) async throws(NetworkFailure) {
        guard !sandbox.hostPorts.isEmpty else { return }
        guard isRecovered else {
            throw NetworkFailure(
                .notReady, "host ports of pod \(sandbox.pod): wanted to know first which ones are taken; the pods are still being found")
        }
        let claim = try HostPortClaim(sandbox)
        try refuseCollisions(of: claim, sandboxID: sandbox.sandboxID)
        if claims.insert(claim, sandboxID: sandbox.sandboxID) { version += 1 }
        do {
            try await settle()
            if claim.hasUDP { _ = try await conntrack.deleteFlows(transport: HostPort.Transport.udp.number) { claim.isUntranslated($0) } }
        } catch {
            try? await remove(sandbox.sandboxID)
            throw NetworkFailure(.kernel, "cannot forward the host ports of pod \(sandbox.pod): \(error)")
        }
    }

    /// On return nothing is led to the sandbox any more. To be repeated after a failure; its addresses must not be given to another one before.
    func remove(_ sandboxID: String) async throws(NetworkFailure) {
        if let claim = claims.remove(sandboxID: sandboxID) {
            leaving[sandboxID] = claim
            version += 1
        }
        guard let claim = leaving[sandboxID] else { return }
        do {
            try await settle()
            // Only now: as long as the rules are there, the next packet would make the flow again.
            if claim.hasUDP { _ = try await conntrack.deleteFlows(transport: HostPort.Transport.udp.number) { claim.isLeading($0) } }
        } catch {
            throw NetworkFailure(.kernel, "cannot take the host ports of pod \(claim.pod) back: \(error)")
        }
        leaving[sandboxID] = nil
    }

    private func refuseCollisions(of claim: HostPortClaim, sandboxID: String) throws(NetworkFailure) {
        guard let first = claims.collision(of: claim, sandboxID: sandboxID) else { return }
        throw NetworkFailure(
            .portTaken,
            "host port \(first.frontend) of pod \(claim.pod) is in use by pod \(first.pod) on this node; "
                + "wanted a free one: change hostPort or hostIP, or delete the other pod")
    }

    private func repair() async throws {
        isKernelUnknown = true
        var pause = Duration.milliseconds(100)
        while isRecovered {
            do {
                return try await settle()
            } catch {
                try Task.checkCancellation()
                logger.error("host ports are not in sync", metadata: ["error": "\(error)", "retry_in": "\(pause)"])
                try await clock.sleep(for: pause)
                pause = min(pause * 2, .seconds(30))
            }
        }
    }

    /// Returns once the kernel has what is claimed now.
    private func settle() async throws {
        let wanted = version
        await takeTurn()
        defer { endTurn() }
        // A turn before this one may have done it.
        if committed >= wanted, !isKernelUnknown { return }
        let current = version
        var work = sync
        if isKernelUnknown { work.forget() }
        isKernelUnknown = false
        defer { sync = work }
        do {
            let outcome = try await work.apply(claims.tables)
            committed = current
            if outcome.foundForeignChange {
                logger.warning("host ports were changed by another program and are repaired", metadata: ["operations": "\(outcome.operations)"])
            }
        } catch {
            isKernelUnknown = true
            throw error
        }
    }

    private func takeTurn() async {
        if isBusy { await withCheckedContinuation { waiting.append($0) } } else { isBusy = true }
    }

    private func endTurn() {
        if waiting.isEmpty { isBusy = false } else { waiting.removeFirst().resume() }
    }
}
