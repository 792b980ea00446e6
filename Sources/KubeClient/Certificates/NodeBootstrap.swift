import KubeModel
import Logging
import Timing

/// Finds the node's own identity at the start, or turns a bootstrap kubeconfig into one.
package enum NodeBootstrap {
    /// How long the first certificate may take. A person may have to approve it.
    package static let firstWait = Duration.seconds(3600)

    /// Returns how the node reaches the API server.
    ///
    /// A valid certificate of the kubeconfig or of `pki/kubelet-client-current.pem` is used. With rotation the kubeconfig's pair is copied there, as
    /// kubelet does it, so that it can be renewed. Without any pair that can be read, and with a bootstrap kubeconfig, a certificate is requested and
    /// the kubeconfig is written so that it uses that file. A certificate that has ended, or is not valid yet, is no reason to keep pods waiting: the
    /// node begins with it, and ``IdentityRecovery`` brings another one.
    package static func access(
        _ identity: NodeIdentity, options: ClientOptions, wait: Duration = NodeBootstrap.firstWait
    ) async throws -> ClusterAccess {
        let now = options.time.wallTime()
        let found: NodeIdentity.Found?
        do {
            found = try await identity.look(at: now)
        } catch let error as APIError where identity.bootstrapPath != nil {
            options.logger.warning("Kubeconfig cannot be used; requesting a new certificate", metadata: ["error": "\(error)"])
            return try await requestFirst(identity, options: options, wait: wait)
        }
        guard let found else {
            guard identity.bootstrapPath != nil else { return try await Kubeconfig.load(identity.kubeconfigPath) }
            return try await requestFirst(identity, options: options, wait: wait)
        }
        guard found.access.clientCertificate != nil else {
            // A token is not this type's business.
            let isEmpty = found.access.token == nil && found.access.plugin == nil && identity.bootstrapPath != nil
            return isEmpty ? try await requestFirst(identity, options: options, wait: wait) : found.access
        }
        do {
            if try await identity.directory.protect(identity.purpose) {
                options.logger.notice(
                    "Others were allowed to read the node's private key; they no longer are",
                    metadata: ["file": "\(identity.directory.currentPath(identity.purpose))"])
            }
        } catch {
            options.logger.warning("The mode of the node's private key cannot be looked at or changed", metadata: ["error": "\(error)"])
        }
        switch found.decision {
        case .kubeconfig: return await adopted(found, identity, options: options)
        case .current:
            if found.choice.kubeconfig?.info?.isValid(at: now) == false || found.given == nil, found.choice.kubeconfig != nil {
                options.logger.warning(
                    "Certificate of the kubeconfig cannot be used; using the one that was renewed",
                    metadata: ["certificates": "\(found.choice.description(at: now))"])
            }
            return identity.usingCurrent(found.access)
        case .early, .none: break
        }
        let hasCurrent = found.choice.current?.info?.commonName == identity.purpose.commonName
        guard hasCurrent || found.given != nil else {
            guard identity.bootstrapPath == nil else { return try await requestFirst(identity, options: options, wait: wait) }
            throw APIError(
                .badCertificate, operation: "find this node's certificate for", object: identity.purpose.commonName,
                reason: "\(found.choice.description(at: now)); join the node anew, or give --bootstrap-kubeconfig")
        }
        return hasCurrent ? identity.usingCurrent(found.access) : await adopted(found, identity, options: options)
    }

    /// Copies the kubeconfig's pair into the folder of certificates, when the node renews it there.
    private static func adopted(_ found: NodeIdentity.Found, _ identity: NodeIdentity, options: ClientOptions) async -> ClusterAccess {
        guard let pair = found.given, identity.rotates else { return found.access }
        if found.choice.current?.info == pair.info { return identity.usingCurrent(found.access) }
        do {
            try await identity.directory.store(
                identity.purpose, certificatePEM: pair.certificatePEM, privateKeyPEM: pair.privateKeyPEM, now: options.time.wallTime())
            options.logger.info(
                "Client certificate of the kubeconfig was copied to be renewed",
                metadata: ["file": "\(identity.directory.currentPath(identity.purpose))", "until": "\(pair.info.notAfter.rfc3339())"])
            return identity.usingCurrent(found.access)
        } catch {
            options.logger.error("Client certificate of the kubeconfig cannot be copied to be renewed", metadata: ["error": "\(error)"])
            return found.access
        }
    }

    private static func requestFirst(_ identity: NodeIdentity, options: ClientOptions, wait: Duration) async throws -> ClusterAccess {
        let bootstrap: ClusterAccess
        do {
            bootstrap = try await Kubeconfig.load(identity.bootstrapPath ?? "")
        } catch let error as APIError where error.code == .missingFile {
            throw APIError(
                .missingFile, operation: "join the cluster as", object: identity.purpose.commonName,
                reason:
                    "\(identity.kubeconfigPath) has no usable certificate, and the bootstrap kubeconfig \(error.object) is missing; join the node anew"
            )
        }
        // The pair: a certificate whose key is lost is no use.
        let current = (try? await identity.directory.current(identity.purpose))?.info
        if current?.isValid(at: options.time.wallTime()) != true || current?.commonName != identity.purpose.commonName {
            options.logger.info(
                "Requesting the node's first certificate", metadata: ["server": "\(bootstrap.server)", "node": "\(identity.purpose.nodeName)"])
            let client = try KubeClient(bootstrap, options: options)
            defer { client.shutdown() }
            try await requestPatiently(client, identity.directory, identity.purpose, wait: wait)
        }
        try await Kubeconfig.write(
            identity.kubeconfigPath, reaching: bootstrap, certificateFile: identity.directory.currentPath(identity.purpose))
        return try await Kubeconfig.load(identity.kubeconfigPath)
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
