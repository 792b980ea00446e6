import KubeModel
import Logging
import Timing

/// Renews a certificate of the node when 70 to 90 % of its life are over, or when it lacks a name or address, for as long as `run()` runs.
package struct CertificateRotator: Sendable {
    /// The clock may be set while the task sleeps, so no sleep is longer than this.
    private static let longestSleep = Duration.seconds(3600)
    /// A refusal is noticed within this time.
    private static let longestSleepOfIdentity = Duration.seconds(60)

    private let client: KubeClient
    private let directory: CertificateDirectory
    private let purpose: @Sendable () async -> CertificatePurpose?
    private let signal: RenewalSignal?
    private let recovery: IdentityRecovery?
    private let onNewCertificate: @Sendable (CertificateInfo) async -> Void

    /// - Parameters:
    ///   - purpose: called before each request, because a serving certificate follows the node's addresses; nil means not yet.
    ///   - signal: sent when `purpose` may give another answer.
    ///   - recovery: for the certificate that is the client's own identity. Without it the certificate is any other one.
    ///   - onNewCertificate: called when a new one is on disk.
    package init(
        _ client: KubeClient, directory: CertificateDirectory, signal: RenewalSignal? = nil, recovery: IdentityRecovery? = nil,
        purpose: @escaping @Sendable () async -> CertificatePurpose?, onNewCertificate: @escaping @Sendable (CertificateInfo) async -> Void = { _ in }
    ) {
        self.client = client
        self.directory = directory
        self.signal = signal
        self.recovery = recovery
        self.purpose = purpose
        self.onNewCertificate = onNewCertificate
    }

    /// The task's memory between two looks.
    private struct Progress {
        // 2 s, then up to 32 s between failed tries: an approver may be slow, and the certificate still has a tenth of its life.
        var backOff = BackOff(initial: .seconds(2), maximum: .seconds(32), jitter: 0.1)
        var recoveryBackOff = BackOff(initial: .seconds(5), maximum: .seconds(600), jitter: 0.1)
        var notice = RareNotice()
        /// The moment that chance has chosen for a certificate.
        var due: (info: CertificateInfo, at: Timestamp)?
        /// A signer may leave names out; it is not asked for them again.
        var granted: (purpose: CertificatePurpose, info: CertificateInfo)?
    }

    /// Runs until the task is cancelled.
    package func run() async {
        var progress = Progress()
        while !Task.isCancelled {
            do {
                try await step(&progress)
            } catch is CancellationError {
                return
            } catch {
                if progress.notice.isDue("\(error)", at: client.options.time.now()) {
                    client.options.logger.error("Certificate could not be renewed; trying again", metadata: ["error": "\(error)"])
                }
                do { try await pause(progress.backOff.next(random: client.options.random())) } catch { return }
            }
        }
    }

    private func step(_ progress: inout Progress) async throws {
        let time = client.options.time
        guard let purpose = await purpose() else { return try await pause(signal == nil ? .seconds(10) : Self.longestSleep) }
        let info = recovery == nil ? (try? await directory.current(purpose))?.info : client.clientCertificate
        let now = time.wallTime()
        let standing = info?.standing(at: now)
        if let recovery {
            guard let info else { return try await pause(.seconds(10)) }
            noteClock(info, now, &progress)
            if client.refusal != nil {
                let isOver = try await recover(recovery, ended: standing == .ended, &progress)
                if isOver || !recovery.identity.rotates { return }
            } else if !recovery.identity.rotates {
                return try await pause(standing == .ended ? .seconds(5) : Self.longestSleepOfIdentity)
            }
        }
        if let info, standing != .ended, info.satisfies(purpose) || progress.granted.map({ $0.purpose == purpose && $0.info == info }) == true {
            if progress.due?.info != info { progress.due = (info, info.rotationTime(random: client.options.random())) }
            let left = (progress.due?.at ?? now).timeInterval(since: now)
            if left > 0 {
                return try await pause(min(.seconds(left), recovery == nil ? Self.longestSleep : Self.longestSleepOfIdentity))
            }
        }
        guard let fresh = try await request(purpose) else { return }
        progress.backOff.reset()
        progress.granted = (purpose, fresh)
        if !fresh.satisfies(purpose) {
            client.options.logger.warning(
                "A new certificate lacks names or addresses that were asked for", metadata: ["file": "\(directory.currentPath(purpose))"])
        }
        await took(fresh, purpose)
        // A signer that grants only minutes makes the new certificate due at once; the pause keeps this loop from spinning.
        if fresh.rotationTime(random: 0) <= time.wallTime() { try await time.sleep(for: .seconds(60)) }
    }

    /// The API server judges by its own clock, so the node goes on; but the server's certificate may look wrong as well.
    private func noteClock(_ info: CertificateInfo, _ now: Timestamp, _ progress: inout Progress) {
        guard info.standing(at: now) == .early else { return }
        let text = "clock before \(info.notBefore.rfc3339())"
        guard progress.notice.isDue(text, at: client.options.time.now()) else { return }
        client.options.logger.warning(
            "This machine's clock is before the beginning of the node's certificate; waiting for the clock to be set",
            metadata: ["clock": "\(now.rfc3339())", "certificate valid from": "\(info.notBefore.rfc3339())"])
    }

    private func took(_ fresh: CertificateInfo, _ purpose: CertificatePurpose) async {
        if recovery != nil { await client.reloadCredentials() }
        client.options.logger.info(
            "Using a new certificate", metadata: ["file": "\(directory.currentPath(purpose))", "until": "\(fresh.notAfter.rfc3339())"])
        await onNewCertificate(fresh)
    }

    /// Returns whether this look is over.
    private func recover(_ recovery: IdentityRecovery, ended: Bool, _ progress: inout Progress) async throws -> Bool {
        let text: String
        do {
            switch try await recovery.recover(client, ended: ended) {
            case .found(let info) where client.clientCertificate != info:
                text = "a certificate valid until \(info.notAfter.rfc3339()) was found and cannot be used; look at its key and at the API server's CA"
            case .found(let info):
                progress.recoveryBackOff.reset()
                client.options.logger.notice(
                    "This node has a valid certificate again", metadata: ["until": "\(info.notAfter.rfc3339())"])
                await onNewCertificate(info)
                return true
            case .waiting(let reason): text = reason
            }
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            text = "\(error)"
        }
        if progress.notice.isDue(text, at: client.options.time.now()) {
            client.options.logger.error("The API server refuses this node's certificate; its pods go on", metadata: ["reason": "\(text)"])
        }
        try await pause(progress.recoveryBackOff.next(random: client.options.random()))
        // One that is refused and has not ended may be due to be renewed.
        return ended
    }

    /// Returns nil when the purpose has changed meanwhile.
    private func request(_ purpose: CertificatePurpose) async throws -> CertificateInfo? {
        let requester = CertificateRequester(client, directory: directory)
        guard let signal else { return try await requester.request(purpose) }
        return try await withThrowingTaskGroup(of: CertificateInfo?.self) { group in
            group.addTask { try await requester.request(purpose) }
            group.addTask {
                repeat {
                    await signal.wait()
                    try Task.checkCancellation()
                } while await self.purpose() == purpose
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }

    /// Ends early when the signal comes.
    private func pause(_ duration: Duration) async throws {
        let time = client.options.time
        guard let signal else { return try await time.sleep(for: duration) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await time.sleep(for: duration) }
            group.addTask { await signal.wait() }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}
