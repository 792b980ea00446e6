package import KubeModel
import Logging
import PodCore
import Synchronization
import Timing

extension NodeReporter {
    /// The pause before another try to set the pod network up.
    private static var retryPause: Duration { .seconds(10) }

    /// Whether the API server has shown this node's object since this agent started.
    package nonisolated var isRegistered: Bool { registered.withLock { $0 } }

    /// Goes on with the node's object as an earlier agent knew it: pods are admitted by it, and get their network from its ranges. Returns once the
    /// network is set up, or the API server has shown the object.
    package func recall(_ node: Node) async {
        guard self.node == nil else { return }
        known.withLock { $0 = node }
        logger.notice("API server does not answer; this node goes on with its object as it was last seen", metadata: ["node": "\(settings.name)"])
        var pauses = true
        while pauses, !isRegistered {
            await setUpNetwork(node)
            await offerStatus(beside: node)
            pauses = networkRanges == nil && (network.isMadeByPlugins || !Self.podRanges(settings, node).isEmpty)
            if pauses { do { try await time.sleep(for: Self.retryPause) } catch { return } }
        }
    }

    private func offerStatus(beside node: Node) async {
        do {
            offer(try await plan().status(existing: node.status, at: time.wallTime()))
        } catch {
            logger.error("The machine's resources cannot be read; pods wait", metadata: ["error": "\(error)"])
        }
    }
}
