import KubeModel
import PodCore

extension PodManager {
    /// Returns the termination messages of ended containers by id: from the pod's status if it has them, else from their files. The files are known
    /// from here on.
    func terminationMessages(of sandboxes: [RecoveredSandbox], _ pod: Pod) async -> [String: String] {
        let containers = sandboxes.flatMap(\.containers)
        for sandbox in sandboxes {
            for container in sandbox.containers {
                runner.files.set(container.configuration, podUID: pod.uid, sandboxID: sandbox.configuration.id)
            }
        }
        var messages: [String: String] = [:]
        for container in containers {
            let configuration = container.configuration
            guard case .exited(let exit) = container.condition, let files = runner.files[configuration.id] else { continue }
            if let told = pod.status?.container(named: configuration.name)?.end(ofContainer: configuration.id) {
                messages[configuration.id] = told.message
                continue
            }
            // All containers of one name share a file, and each start empties it.
            let isLatest = !containers.contains {
                $0.configuration.name == configuration.name && $0.configuration.restartCount > configuration.restartCount
            }
            messages[configuration.id] = await TerminationMessage.read(files, ownsFile: isLatest, exit, pod, runner.ports.folders)
        }
        return messages
    }

    /// Returns the highest log number of each container without a record in these sandboxes, for a pod that ran here before.
    func lastLogs(of pod: Pod, besides sandboxes: [RecoveredSandbox]) async -> [String: Int] {
        // A pod may have run without its status ever reaching the API server; one that comes while this agent runs has not.
        guard pod.isStatic || pod.status?.startTime != nil || isAwaitingSources, pod.status?.phase?.isTerminal != true else { return [:] }
        let identity = PodIdentity(namespace: pod.namespace, name: pod.name, uid: pod.uid)
        let recorded = Set(sandboxes.flatMap(\.containers).map(\.configuration.name))
        var numbers: [String: Int] = [:]
        let containers = (pod.spec.initContainers ?? []) + pod.spec.containers + (pod.spec.ephemeralContainers ?? [])
        for container in containers where !recorded.contains(container.name) {
            numbers[container.name] = await runner.ports.folders.lastLog(of: identity, container: container.name)
        }
        return numbers
    }
}

extension ContainerStatus {
    /// Returns the end of the container of this id, if the status reports it as known.
    fileprivate func end(ofContainer id: String) -> ContainerState.Terminated? {
        [state.terminated, lastState.terminated].compactMap { $0 }
            .first { Self.bareID($0.containerID) == id && $0.reason != TerminationReason.containerStatusUnknown.rawValue }
    }
}
