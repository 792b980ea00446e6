import KubeModel
import Logging
import Timing

/// Turns a bootstrap kubeconfig into the node's own identity.
package enum NodeBootstrap {
    /// How long the first certificate may take. A person may have to approve it.
    package static let firstWait = Duration.seconds(3600)

    /// Returns how the node reaches the API server.
    ///
    /// An existing kubeconfig with a valid certificate is used as it is. Otherwise, with a bootstrap kubeconfig, a client certificate is
    /// requested and `kubeconfigPath` is written so that it uses `<pki>/kubelet-client-current.pem`.
    package static func access(
        kubeconfigPath: String, bootstrapPath: String?, nodeName: String, directory: CertificateDirectory, options: ClientOptions,
        wait: Duration = NodeBootstrap.firstWait
    ) async throws -> ClusterAccess {
        guard let bootstrapPath else { return try await Kubeconfig.load(kubeconfigPath) }
        if let existing = try await usable(kubeconfigPath, options: options) { return existing }
        let bootstrap = try await Kubeconfig.load(bootstrapPath)
        options.logger.info("Requesting the node's first certificate", metadata: ["server": "\(bootstrap.server)", "node": "\(nodeName)"])
        let purpose = CertificatePurpose.client(nodeName: nodeName)
        let client = try KubeClient(bootstrap, options: options)
        defer { client.shutdown() }
        try await requestPatiently(client, directory, purpose, wait: wait)
        try await Kubeconfig.write(kubeconfigPath, reaching: bootstrap, certificateFile: directory.currentPath(purpose))
        return try await Kubeconfig.load(kubeconfigPath)
    }

    /// Returns the existing kubeconfig's access if its certificate is valid now, nil if it is missing or expired. An unreadable file is an error.
    private static func usable(_ path: String, options: ClientOptions) async throws -> ClusterAccess? {
        let access: ClusterAccess
        do {
            access = try await Kubeconfig.load(path)
        } catch let error as APIError where error.code == .missingFile {
            return nil
        }
        guard let source = access.clientCertificate else { return access.token == nil ? nil : access }
        let bytes: [UInt8]
        switch source {
        case .inline(let content, _): bytes = content
        case .file(let file):
            guard let content = try? await CredentialFiles.read(file, operation: "read certificate") else { return nil }
            bytes = content
        }
        guard let info = try? CertificateInfo(pem: String(decoding: bytes, as: UTF8.self), origin: "\(source)") else { return nil }
        return info.isValid(at: options.time.wallTime()) ? access : nil
    }

    /// Waits for an API server that does not answer yet. A denied request or a bad configuration is final.
    private static func requestPatiently(
        _ client: KubeClient, _ directory: CertificateDirectory, _ purpose: CertificatePurpose, wait: Duration
    ) async throws {
        let deadline = Deadline(after: wait, time: client.options.time)
        var backOff = BackOff(initial: .seconds(2), maximum: .seconds(32), jitter: 0.1)
        while true {
            do {
                try await CertificateRequester(client, directory: directory).request(purpose, wait: max(.seconds(1), deadline.remaining))
                return
            } catch let error as APIError where error.isTransient && deadline.remaining > .zero {
                client.options.logger.warning("First certificate could not be requested; trying again", metadata: ["error": "\(error)"])
                try await client.options.time.sleep(for: min(backOff.next(random: client.options.random()), max(.zero, deadline.remaining)))
            }
        }
    }
}
