import KubeModel

/// Answers certificate requests of nodes.
struct CertificateController: Controller {
    let name = "certificates"
    let watched: Set<ResourceType> = [.certificateSigningRequests]
    let signer: CertificateSigner

    func reconcile(_ store: ObjectStore) async throws {
        for request in await store.list(.certificateSigningRequests) where request.text("status", "certificate").isEmpty {
            guard let status = signer.answer(request, at: store.now()) else { continue }
            try await store.transaction { store in
                guard var current = store.get(.certificateSigningRequests, ObjectKey(namespace: "", name: request.name)), current.uid == request.uid
                else { return }
                current["status"] = status
                _ = try store.replace(.certificateSigningRequests, current)
            }
        }
    }
}
