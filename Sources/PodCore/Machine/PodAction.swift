import KubeModel

/// An action for the node. Each is performed once; its result comes back as a ``PodEvent``.
package enum PodAction: Sendable, Hashable {
    case mountVolume(name: String)
    /// Bring the files of the mounted volumes up to date.
    case refreshVolumes
    case createSandbox(attempt: Int)
    /// Look for the image, and pull it if the policy asks for it.
    case ensureImage(container: String)
    case startContainer(container: String, restartCount: Int, image: ImageDescription, sandboxID: String, addresses: [String])
    /// Send the stop signal. The end comes as `containerExited`.
    case stopContainer(id: String, sandboxID: String, signal: StopSignal)
    /// Run the hook. It is given up after `timeout`, if there is one.
    case runHook(HookKind, container: String, id: String, sandboxID: String, timeout: Duration?)
    /// Run the probe once.
    case probe(ProbeKind, container: String, id: String, sandboxID: String)
    /// Remove an ended container that was superseded twice.
    case removeContainer(id: String, sandboxID: String)
    /// Ask the node for room for the resources that the pod asks for.
    case reviewResize(ResizeRequest)
    /// Change the limits of running containers and of the pod.
    case applyResize(ResizePlan)
    case stopSandbox(id: String)
    /// Remove the records of an earlier, stopped sandbox while the pod goes on.
    case removeSandbox(id: String)
    /// Release volumes and addresses; all sandboxes are stopped. Their records and the logs stay.
    case cleanUp(sandboxIDs: [String])
    /// Remove the records of stopped sandboxes, and with them the pod's cgroup.
    case removeSandboxes(ids: [String])
    /// Delete the logs and folders of a pod that is no longer in the API.
    case removeRemains
    case record(PodEventRecord)
}

package enum StopSignal: Sendable, Hashable {
    /// The container's own stop signal, SIGTERM unless the image says otherwise.
    case stop
    case kill
}
