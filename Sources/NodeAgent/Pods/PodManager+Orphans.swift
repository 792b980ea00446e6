import KubeModel
import Logging
import PodCore

extension PodManager {
    /// Ends what belongs to no pod of the API any more: sandboxes of an earlier agent, and folders on disk. Called once the pods are known.
    func removeOrphans() async {
        let left = takeRecovered()
        for (uid, sandboxes) in left {
            guard let first = sandboxes.first else { continue }
            logger.info(
                "A pod is no longer in the API; what is left of it is removed.", metadata: ["pod": "\(first.configuration.pod)", "uid": "\(uid)"])
            submitRemoval(of: first.configuration.pod, sandboxIDs: sandboxes.map(\.configuration.id))
        }
        do {
            for uid in try await runner.ports.volumes.podsOnDisk() where !isKnown(uid) && left[uid] == nil {
                submitRemoval(of: PodIdentity(namespace: "", name: "", uid: uid), sandboxIDs: [])
            }
        } catch {
            logger.warning("Folders of earlier pods could not be looked through.", metadata: ["error": "\(error)"])
        }
    }

    private func submitRemoval(of pod: PodIdentity, sandboxIDs: [String]) {
        jobs.submit { [runner, sandboxes, logger] in
            do {
                for id in sandboxIDs {
                    try await runner.ports.runtime.stopSandbox(id)
                    try await runner.ports.network.detach(sandboxID: id)
                    try await runner.ports.runtime.removeSandbox(id)
                    sandboxes.remove(id)
                }
                try await runner.ports.volumes.tearDown(podUID: pod.uid)
                try await runner.ports.folders.removeAll(of: pod)
            } catch {
                logger.error(
                    "What is left of an earlier pod could not be removed; restart the agent to try again.",
                    metadata: ["pod": "\(pod)", "uid": "\(pod.uid)", "error": "\(error)"])
            }
        }
    }
}
