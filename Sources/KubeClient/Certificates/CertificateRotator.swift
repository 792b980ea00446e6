import KubeModel
import Logging
import Timing

/// Renews a certificate of the node when 70 to 90 % of its life are over, for as long as `run()` runs.
package struct CertificateRotator: Sendable {
    private let client: KubeClient
    private let directory: CertificateDirectory
    private let purpose: @Sendable () async -> CertificatePurpose?
    private let onNewCertificate: @Sendable (CertificateInfo) async -> Void

    /// `purpose` is called before each request, because a serving certificate follows the node's addresses; nil means not yet.
    /// `onNewCertificate` is called when a new one is on disk.
    package init(
        _ client: KubeClient, directory: CertificateDirectory, purpose: @escaping @Sendable () async -> CertificatePurpose?,
        onNewCertificate: @escaping @Sendable (CertificateInfo) async -> Void = { _ in }
    ) {
        self.client = client
        self.directory = directory
        self.purpose = purpose
        self.onNewCertificate = onNewCertificate
    }

    /// Runs until the task is cancelled.
    package func run() async {
        // 2 s, then up to 32 s between failed tries: an approver may be slow, and the certificate still has a tenth of its life.
        var backOff = BackOff(initial: .seconds(2), maximum: .seconds(32), jitter: 0.1)
        let time = client.options.time
        while !Task.isCancelled {
            do {
                guard let purpose = await purpose() else {
                    try await time.sleep(for: backOff.next(random: client.options.random()))
                    continue
                }
                if let current = await directory.currentInfo(purpose) {
                    let due = current.rotationTime(random: client.options.random())
                    let left = due.timeInterval(since: time.wallTime())
                    if left > 0 { try await time.sleep(for: .seconds(left)) }
                }
                let info = try await CertificateRequester(client, directory: directory).request(purpose)
                backOff.reset()
                // A signer that grants only minutes makes the new certificate due at once; the pause below keeps this loop from spinning.
                await client.reloadCredentials()
                client.options.logger.info(
                    "Using a new certificate", metadata: ["file": "\(directory.currentPath(purpose))", "until": "\(info.notAfter.rfc3339())"])
                await onNewCertificate(info)
                if info.rotationTime(random: 0) <= time.wallTime() { try await time.sleep(for: .seconds(60)) }
            } catch is CancellationError {
                return
            } catch {
                client.options.logger.error("Certificate could not be renewed; trying again", metadata: ["error": "\(error)"])
                do {
                    try await time.sleep(for: backOff.next(random: client.options.random()))
                } catch {
                    return
                }
            }
        }
    }
}
