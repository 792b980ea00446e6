package import PodCore
import ShimClient

extension ShimRuntime {
    package func log(_ request: LogRequest) async throws(RuntimeFailure) -> any LogSession {
        let container = knownSandbox(request.sandboxID)?.container(request.containerID)
        let (pool, changes) = (pool, logChanges)
        // A container that is not known (any more) has ended.
        let ended = container?.ended ?? Promise(())
        return try await blocking("open log \(request.path)", .notFound) {
            try FileLogSession(path: request.path, options: request.options, ended: ended, changes: changes, pool: pool)
        }
    }
}
