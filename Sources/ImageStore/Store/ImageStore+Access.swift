import Logging
package import PodCore

extension ImageStore {
    /// Grants up to which those are noted that no pull has used: namespaces may come and go.
    private static let mostNotedGrants = 100

    package func permission(toUse image: ImageDescription, as reference: String) async -> ImageAccess {
        guard let known = index.current.images[image.id] else { return .restricted }
        guard let records = known.access else { return .unrecorded }
        if ContentDigest(reference) != nil { return records.values.allSatisfy(\.isOpen) ? .open : .restricted }
        guard let name = try? ImageReference(reference) else { return .restricted }
        return records[name.repository]?.isOpen == true ? .open : .restricted
    }

    package func admits(_ credentials: [RegistryCredential], to image: ImageDescription, as reference: String) async -> Bool {
        guard let name = try? ImageReference(reference), let record = index.current.images[image.id]?.access?[name.repository] else { return false }
        let servers = (try? RegistryEndpoint.all(of: name.domain, in: transport.configuration)) ?? []
        let grants = servers.flatMap { CredentialMatcher.candidates(for: "\($0.credentialName)/\(name.path)", in: credentials) }
            .map { AccessRecord.Grant($0, repository: name.repository) }
        guard let grant = grants.first(where: record.admits) else { return false }
        if !record.isOpen, !record.grants.contains(grant), record.grants.count < Self.mostNotedGrants {
            await note(grant, image.id, name.repository)
        }
        return true
    }

    package func credentials(of account: (any PodAccount)?, for reference: String) async -> AccountCredentials {
        guard let name = try? ImageReference(reference) else { return AccountCredentials() }
        return await transport.keyring.lookup(name.repository, for: account)
    }

    private func note(_ grant: AccessRecord.Grant, _ id: String, _ repository: String) async {
        do {
            try await index.update { _ = $0.images[id]?.access?[repository]?.add(grant) }
        } catch {
            // The pod may use the image; after a change of the secret it has to ask the registry.
            logger.warning("Credentials of an image cannot be noted", metadata: ["image": "\(repository)", "error": "\(error)"])
        }
    }
}
