import LinuxSystem
import PodCore

extension BlockingPool {
    /// Runs blocking work of a pod network with a deadline and translates its errors.
    func runForNetwork<T: Sendable>(_ what: String, _ body: @escaping @Sendable () throws -> T) async throws(NetworkFailure) -> T {
        do {
            return try await run(what, deadline: .seconds(60), body)
        } catch let error as NetworkFailure {
            throw error
        } catch {
            throw NetworkFailure(.kernel, "cannot \(what): \(error)")
        }
    }
}
