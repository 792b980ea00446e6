import KubeModel

/// What a pod's machine wants done. Each is performed once; its result comes back as a ``PodEvent``.
package enum PodAction: Sendable, Hashable {
    case mountVolume(name: String)
    case createSandbox(attempt: Int)
    /// Look for the image, pull it when the policy says so.
    case ensureImage(container: String)
    case startContainer(container: String, restartCount: Int, image: ImageDescription, sandboxID: String, addresses: [String])
    /// Send the stop signal. The end comes as `containerExited`.
    case stopContainer(id: String, sandboxID: String, signal: StopSignal)
    /// Drop an ended container's remains, when a newer one has taken its place.
    case removeContainer(id: String, sandboxID: String)
    case stopSandbox(id: String)
    /// Remove the records of an earlier, stopped sandbox while the pod goes on.
    case removeSandbox(id: String)
    /// Give back volumes and addresses; the sandboxes are all stopped. Their records and the logs stay.
    case cleanUp(sandboxIDs: [String])
    /// Remove the records of stopped sandboxes, and with them the pod's cgroup.
    case removeSandboxes(ids: [String])
    /// Delete what is left of a pod that the API server has forgotten: logs and folders.
    case removeRemains
    case record(PodEventRecord)
}

package enum StopSignal: Sendable, Hashable {
    /// The container's own stop signal, SIGTERM unless the image says otherwise.
    case stop
    case kill
}

/// An event for the API server, about the pod or one of its containers.
package struct PodEventRecord: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable {
        case normal = "Normal"
        case warning = "Warning"
    }

    package let kind: Kind
    package let reason: String
    package let message: String
    /// The container, with its field in the spec; `nil` for the pod itself.
    package let fieldPath: String?

    package init(_ kind: Kind, _ reason: String, _ message: String, fieldPath: String? = nil) {
        self.kind = kind
        self.reason = reason
        self.message = message
        self.fieldPath = fieldPath
    }
}
