import KubeClient
import KubeModel
package import Logging
package import Timing

/// Renews the node's lease in `kube-node-lease` four times within its duration: the heartbeat by which the control plane recognises a live node.
package struct LeaseRenewer: Sendable {
    /// Tries of one renewal before the renewer waits for its next turn.
    private static let tries = 5

    private let api: any NodeAPI
    private let nodeName: String
    private let duration: Duration
    private let time: any TimeSource
    private let logger: Logger
    /// The node's uid once it is registered, for the lease's owner.
    private let nodeUID: @Sendable () -> String?

    package init(
        api: any NodeAPI, nodeName: String, duration: Duration, time: any TimeSource, logger: Logger, nodeUID: @escaping @Sendable () -> String?
    ) {
        self.api = api
        self.nodeName = nodeName
        self.duration = duration
        self.time = time
        self.logger = logger
        self.nodeUID = nodeUID
    }

    package func run() async {
        var lease: Lease?
        while !Task.isCancelled {
            let began = time.now()
            lease = await renewWithRetries(lease)
            do { try await time.sleep(until: began + duration / 4) } catch { return }
        }
    }

    private func renewWithRetries(_ lease: Lease?) async -> Lease? {
        var current = lease
        var backOff = BackOff(initial: .milliseconds(200), maximum: .seconds(7))
        for attempt in 1...Self.tries {
            do {
                return try await renew(current)
            } catch is CancellationError {
                return nil
            } catch {
                // The held lease may be outdated: read it anew.
                current = nil
                if attempt == Self.tries {
                    logger.error(
                        "Lease of the node could not be renewed; the node becomes Unknown when the lease expires",
                        metadata: ["error": "\(error)"])
                }
            }
            do { try await time.sleep(for: backOff.next()) } catch { return nil }
        }
        return nil
    }

    private func renew(_ held: Lease?) async throws -> Lease {
        let now = MicroTime(time.wallTime())
        let key = ObjectKey(namespace: "kube-node-lease", name: nodeName)
        var lease: Lease
        do {
            if let held { lease = held } else { lease = try await api.lease(key) }
        } catch let error as APIError where error.isNotFound {
            return try await api.createLease(fresh(key, now))
        }
        // The whole object is written: fields of other clients stay as they were read.
        var spec = lease.spec ?? Lease.Spec(holderIdentity: nodeName, leaseDurationSeconds: 0, renewTime: now)
        spec.holderIdentity = nodeName
        spec.leaseDurationSeconds = Int(duration.components.seconds)
        spec.renewTime = now
        lease.spec = spec
        if lease.metadata.ownerReferences?.isEmpty != false { lease.metadata.ownerReferences = owner }
        return try await api.updateLease(lease)
    }

    private func fresh(_ key: ObjectKey, _ now: MicroTime) -> Lease {
        Lease(
            metadata: ObjectMeta(name: key.name, namespace: key.namespace, ownerReferences: owner),
            spec: Lease.Spec(holderIdentity: nodeName, leaseDurationSeconds: Int(duration.components.seconds), renewTime: now))
    }

    /// Makes the deletion of the node delete its lease.
    private var owner: [OwnerReference]? {
        nodeUID().map { [OwnerReference(apiVersion: "v1", kind: "Node", name: nodeName, uid: $0)] }
    }
}
