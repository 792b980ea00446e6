import KubeModel
import Logging
import Timing

/// A controller that also has to act when time passes.
protocol TimedController: Sendable {
    var name: String { get }
    var watched: Set<ResourceType> { get }
    /// Reconciles everything. Returns the seconds until the next call, nil for none.
    mutating func reconcile(_ store: ObjectStore) async throws -> Int64?
}

extension TimedController {
    /// Both changes and the timer end in the same loop, one at a time.
    func run(_ store: ObjectStore, _ time: any TimeSource, _ logger: Logger) async {
        let wake = DelayedWake(time: time)
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for await _ in await store.changes(of: watched) { wake.wake() }
                wake.stop()
            }
            group.addTask { await wake.run() }
            group.addTask {
                var controller = self
                for await _ in wake.wakes {
                    do {
                        wake.set(seconds: try await controller.reconcile(store))
                    } catch {
                        logger.error(
                            "Controller failed; it runs again with the next change", metadata: ["controller": "\(name)", "error": "\(error)"])
                    }
                }
            }
        }
    }
}
