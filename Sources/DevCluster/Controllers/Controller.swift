import KubeModel
import Logging

/// A loop that brings something into the state it should be in whenever one of its resources changes.
protocol Controller: Sendable {
    var name: String { get }
    /// The resources whose changes wake it.
    var watched: Set<ResourceType> { get }
    /// Looks at everything there is and puts it right. Called again after any change, also one of its own.
    func reconcile(_ store: ObjectStore) async throws
}

extension Controller {
    func run(_ store: ObjectStore, _ logger: Logger) async {
        for await _ in await store.changes(of: watched) {
            do {
                try await reconcile(store)
            } catch {
                logger.error("a controller failed and goes on with the next change", metadata: ["controller": "\(name)", "error": "\(error)"])
            }
        }
    }
}
