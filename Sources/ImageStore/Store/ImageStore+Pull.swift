import LinuxSystem
import Logging
import PodCore

extension ImageStore {
    /// Tries the mirrors and then the registry itself; the first complete answer wins.
    func fetch(_ name: ImageReference, credentials: [RegistryCredential], _ progress: PullProgress) async throws -> ImageDescription {
        var failures = EndpointFailures()
        for endpoint in try RegistryEndpoint.all(of: name.domain, in: transport.configuration) {
            do {
                return try await fetch(name, from: endpoint, credentials: credentials, progress)
            } catch let error as ImageStoreError {
                if failures.isFinal(error) { throw error }
                failures.add(error, of: endpoint)
                logger.notice("Registry or mirror failed", metadata: ["image": "\(name)", "server": "\(endpoint.base)", "error": "\(error)"])
            }
        }
        throw failures.combined
    }

    private func fetch(
        _ name: ImageReference, from endpoint: RegistryEndpoint, credentials: [RegistryCredential], _ progress: PullProgress
    ) async throws -> ImageDescription {
        // Of that name alone: the digest of another repository's image is not a right to it.
        let known = Set(index.current.find(name)?.image.manifests ?? [])
        let session = await RegistrySession.begin(transport, at: endpoint, path: name.path, credentials: credentials) { [limits] digest in
            known.contains(digest) ? await self.kept(digest, limit: limits.manifestBytes) : nil
        }
        let resolved = try await resolve(name, session, asks: !known.isEmpty)
        func image(
            _ id: ContentDigest, _ config: [UInt8], _ document: ImageConfigurationDocument, _ layers: [Descriptor], files: [ArtifactFile] = []
        ) async -> NewImage {
            var access = AccessRecord()
            access.add(await session.podCredential.map { AccessRecord.Grant($0, repository: name.repository) })
            return NewImage(
                id: id, config: config, document: document, layers: layers, files: files,
                manifests: [resolved.top, resolved.image].map { ($0.digest, $0.bytes) }, names: name.digest == nil ? [name.description] : [],
                repoDigests: ["\(name.repository)@\(resolved.top.digest)"], isPinned: false, access: [name.repository: access])
        }
        let new: NewImage
        switch resolved.content {
        case .image(let descriptor, let layers):
            let config = try await content(descriptor, session)
            let document = try ImageConfigurationDocument(config, layers: layers.count, platform: .host, object: "\(descriptor.digest)")
            new = await image(descriptor.digest, config, document, layers)
        case .artifact(let files):
            new = await image(
                resolved.image.digest, resolved.image.bytes, ImageConfigurationDocument(of: files), files.map(\.content), files: files)
        }
        return try await enter(new, from: RegistryLayers(session: session, limits: limits, pool: pool), progress)
    }

    /// From a reference to the image manifest for this machine.
    /// - Parameter asks: whether the registry may name a manifest that need not be sent again.
    private func resolve(_ name: ImageReference, _ session: RegistrySession, asks: Bool) async throws -> RegistrySession.Resolved {
        let top: RegistrySession.Manifest
        do {
            let known = asks ? try await session.keptManifest(name.remoteReference, digest: name.digest, limits: limits) : nil
            if let known { top = known } else { top = try await session.manifest(name.remoteReference, digest: name.digest, limits: limits) }
        } catch let error as ImageStoreError {
            throw ImageStoreError(
                error.code, ImageStoreError.resolving, "\(name)", error.code == .notFound ? "\(name): not found" : "\(error)")
        }
        return try await session.image(of: top, for: .host, object: "\(name)", limits: limits)
    }

    /// A configuration from an earlier pull, or from the registry.
    private func content(_ descriptor: Descriptor, _ session: RegistrySession) async throws -> [UInt8] {
        if let kept = await kept(descriptor.digest, limit: Int(descriptor.size)) { return kept }
        return try await session.content(descriptor)
    }

    /// The manifest or configuration of that digest, if it is on the disk and whole.
    private func kept(_ digest: ContentDigest, limit: Int) async -> [UInt8]? {
        let path = layout.blob(digest)
        let bytes = try? await pool.run("read blob") { try SmallFile.bytes(path, limit: limit) }
        return bytes.flatMap { ContentHasher.digest(of: $0) == digest ? $0 : nil }
    }
}
