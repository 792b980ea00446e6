import KubeModel
import PodCore

extension PodManager {
    /// What the containers that ended while no agent was there have said, by id. Their files are known from here on.
    func terminationMessages(of sandboxes: [RecoveredSandbox], _ pod: Pod) async -> [String: String] {
        var messages: [String: String] = [:]
        for sandbox in sandboxes {
            for container in sandbox.containers {
                runner.files.set(container.configuration, podUID: pod.uid, sandboxID: sandbox.configuration.id)
                guard case .exited(let exit) = container.condition, let files = runner.files[container.configuration.id] else { continue }
                messages[container.configuration.id] = await TerminationMessage.read(files, exit, pod, runner.ports.folders)
            }
        }
        return messages
    }
}
