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
