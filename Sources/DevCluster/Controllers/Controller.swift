import KubeModel
import Logging

/// A loop that reconciles whenever one of its resources changes.
protocol Controller: Sendable {
    var name: String { get }
    /// The resources whose changes wake it.
    var watched: Set<ResourceType> { get }
    /// Compares all objects with the wanted state and changes them. Called again after every change, also after its own.
    func reconcile(_ store: ObjectStore) async throws
}

extension Controller {
    func run(_ store: ObjectStore, _ logger: Logger) async {
        for await _ in await store.changes(of: watched) {
            do {
                try await reconcile(store)
            } catch {
                logger.error("Controller failed; it runs again with the next change", metadata: ["controller": "\(name)", "error": "\(error)"])
            }
        }
    }
}
