import KubeModel
import Logging
import Timing

/// Brings a node whose certificate is refused back to a valid one: another pair that lies in its files by now, or a request with the bootstrap
/// kubeconfig.
package struct IdentityRecovery: Sendable {
    let identity: NodeIdentity

    package init(_ identity: NodeIdentity) {
        self.identity = identity
    }

    enum Outcome: Sendable {
        case found(CertificateInfo)
        /// Nothing can be done now; the text says why and what to do.
        case waiting(String)
    }

    /// - Parameter ended: the certificate in use has ended. A certificate that is refused before its end is no reason to use the bootstrap kubeconfig.
    func recover(_ client: KubeClient, ended: Bool) async throws -> Outcome {
        let now = client.options.time.wallTime()
        let found = try await identity.look(at: now)
        if let found, let other = try await take(found, client, now) { return .found(other) }
        let places = found?.choice.description(at: now) ?? "\(identity.kubeconfigPath) is missing"
        if found?.decision == .early {
            return .waiting("\(places), and this machine's clock shows \(now.rfc3339().prefix(10)); waiting for the clock to be set")
        }
        guard ended else { return .waiting("\(places), but the API server refuses it; join the node anew") }
        guard let path = identity.bootstrapPath else {
            return .waiting("\(places); join the node anew, or start the agent with --bootstrap-kubeconfig")
        }
        let bootstrap: ClusterAccess
        do {
            bootstrap = try await Kubeconfig.load(path)
        } catch let error as APIError where error.code == .missingFile {
            return .waiting("\(places); the bootstrap kubeconfig \(path) is missing: join the node anew, or put one there")
        }
        client.options.logger.notice(
            "Client certificate has ended; requesting a new one with the bootstrap kubeconfig",
            metadata: ["certificates": "\(places)", "server": "\(bootstrap.server)"])
        let asking = try KubeClient(bootstrap, options: client.options)
        defer { asking.shutdown() }
        let info = try await CertificateRequester(asking, directory: identity.directory).request(identity.purpose)
        await client.useCredentials(of: identity.usingCurrent(found?.access ?? client.access))
        return .found(info)
    }

    /// Uses a valid pair of the files, if it is another one than the one that is refused.
    private func take(_ found: NodeIdentity.Found, _ client: KubeClient, _ now: Timestamp) async throws -> CertificateInfo? {
        let refused = client.clientCertificate
        switch found.decision {
        case .kubeconfig:
            guard let pair = found.given, pair.info != refused else { return nil }
            var access = found.access
            if identity.rotates {
                try await identity.directory.store(
                    identity.purpose, certificatePEM: pair.certificatePEM, privateKeyPEM: pair.privateKeyPEM, now: now)
                access = identity.usingCurrent(access)
            }
            await client.useCredentials(of: access)
            return pair.info
        case .current:
            guard let info = found.choice.current?.info, info != refused else { return nil }
            await client.useCredentials(of: identity.usingCurrent(found.access))
            return info
        case .early, .none: return nil
        }
    }
}
