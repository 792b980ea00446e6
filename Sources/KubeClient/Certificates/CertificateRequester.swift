import Crypto
import FoundationEssentials
import KubeModel
import Logging
import Timing
import X509

/// Gets a certificate signed through the API: creates a CertificateSigningRequest, waits for its approval, stores the result.
package struct CertificateRequester: Sendable {
    package static let usualWait = Duration.seconds(15 * 60)

    private let client: KubeClient
    private let directory: CertificateDirectory

    package init(_ client: KubeClient, directory: CertificateDirectory) {
        self.client = client
        self.directory = directory
    }

    /// Returns when the new pair is on disk and the `-current` link points to it.
    @discardableResult
    package func request(_ purpose: CertificatePurpose, wait: Duration = CertificateRequester.usualWait) async throws -> CertificateInfo {
        let key = try await pendingKey(purpose)
        let request = try SigningRequest(purpose: purpose, key: key)
        do {
            _ = try await client.create(request.object(for: purpose))
            client.options.logger.info(
                "Certificate requested; waiting for its approval", metadata: ["request": "\(request.name)", "signer": "\(purpose.signerName)"])
        } catch let error as APIError where error.isAlreadyExists {
            client.options.logger.info("Waiting for an earlier certificate request", metadata: ["request": "\(request.name)"])
        }
        let pem: String
        do {
            pem = try await signed(request, within: wait)
        } catch let error as APIError {
            // A refused key is never accepted later, and an unanswered request is collected by the controller: start afresh next time.
            if error.code == .certificateDenied || error.code == .timeout { await directory.removePendingKey(purpose) }
            throw error
        }
        let info = try check(pem, key: key, request: request)
        try await directory.store(purpose, certificatePEM: pem, privateKeyPEM: request.privateKeyPEM, now: client.options.time.wallTime())
        await directory.removePendingKey(purpose)
        return info
    }

    private func pendingKey(_ purpose: CertificatePurpose) async throws -> P256.Signing.PrivateKey {
        if let pem = await directory.pendingKey(purpose), let key = try? P256.Signing.PrivateKey(pemRepresentation: pem) { return key }
        let key = P256.Signing.PrivateKey()
        try await directory.storePendingKey(purpose, key.pemRepresentation + "\n")
        return key
    }

    private func signed(_ request: SigningRequest, within wait: Duration) async throws -> String {
        let reflector = Reflector<KubeModel.CertificateSigningRequest>(client, scope: ObjectScope(fieldSelector: "metadata.name=\(request.name)"))
        let deadline = Deadline(after: wait, time: client.options.time)
        let label = "certificatesigningrequests \(request.name)"
        return try await deadline.run {
            let why =
                reflector.failure.map { "the last try to look at it failed: \($0)" } ?? "approve it with: kubectl certificate approve \(request.name)"
            return APIError(.timeout, operation: "get a certificate from", object: label, reason: "it was not signed within \(wait); \(why)")
        } _: {
            let updates = reflector.updates()
            return try await withThrowingTaskGroup(of: String?.self) { group in
                group.addTask {
                    await reflector.run()
                    return nil
                }
                group.addTask {
                    for await changes in updates {
                        for change in changes.values {
                            if let pem = try Self.outcome(change, label: label) { return pem }
                        }
                    }
                    throw CancellationError()
                }
                defer { group.cancelAll() }
                while let result = try await group.next() { if let pem = result { return pem } }
                throw CancellationError()
            }
        }
    }

    private static func outcome(_ change: ObjectChange<KubeModel.CertificateSigningRequest>, label: String) throws -> String? {
        if case .deleted = change {
            throw APIError(.certificateDenied, operation: "get a certificate from", object: label, reason: "it was deleted before it was signed")
        }
        let status = change.object.status
        for condition in status?.conditions ?? [] where condition.type == "Denied" || condition.type == "Failed" {
            throw APIError(
                .certificateDenied, operation: "get a certificate from", object: label,
                reason: "it is \(condition.type): \(condition.reason ?? "no reason") \(condition.message ?? "")")
        }
        guard let text = status?.certificate, !text.isEmpty else { return nil }
        guard let data = Data(base64Encoded: text) else {
            throw APIError(.badAnswer, operation: "get a certificate from", object: label, reason: "status.certificate is not base64")
        }
        return String(decoding: data, as: UTF8.self)
    }

    private func check(_ pem: String, key: P256.Signing.PrivateKey, request: SigningRequest) throws -> CertificateInfo {
        let label = "certificatesigningrequests \(request.name)"
        do {
            let certificate = try PEMText.firstCertificate(pem)
            guard certificate.publicKey == Certificate.PublicKey(key.publicKey) else {
                throw APIError(
                    .badCertificate, operation: "use the certificate of", object: label, reason: "it is for another key than the one that was sent")
            }
            return CertificateInfo(certificate)
        } catch let error as APIError {
            throw error
        } catch {
            throw APIError(
                .badCertificate, operation: "use the certificate of", object: label, reason: "it holds no usable PEM certificate", cause: "\(error)")
        }
    }
}
