import KubeClient
import KubeModel
import Logging
import PodCore

extension PodManager {
    /// Goes on with the pods that an earlier agent remembered, as if the API server had named them. No pod is unknown before it really has: nothing is
    /// removed until then.
    func startUnconfirmed(_ pods: [Pod]) async {
        guard !pods.isEmpty else { return }
        logger.notice("API server does not answer; this node goes on with the pods that it remembers", metadata: ["pods": "\(pods.count)"])
        isTakingOver = true
        for pod in pods {
            await apply(.stored(pod))
            unconfirmed.insert(pod.uid)
        }
        isTakingOver = false
        admissionIsDue.yield()
    }

    /// Ends the remembered pods that the API server has not named: they were deleted while it was away. Called after each of its answers, of which the
    /// first is complete.
    func endUnconfirmed() async {
        for uid in unconfirmed {
            logger.info("A pod was deleted while the API server did not answer; it ends", metadata: ["uid": "\(uid)"])
            await remove(uid: uid)
        }
        unconfirmed = []
    }
}
