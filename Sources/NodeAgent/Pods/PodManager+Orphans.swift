import KubeModel
import Logging
import PodCore

extension PodManager {
    /// Ends sandboxes of an earlier agent, and removes folders, whose pods no source names. Called once all sources have named their pods.
    ///
    /// Such a pod ends like a pod that is removed from the API while the agent runs: with a stop signal first, and failed steps are repeated.
    func removeOrphans() async {
        var ended: Set<String> = []
        for (uid, sandboxes) in takeRecovered() {
            ended.insert(uid)
            guard let first = sandboxes.first else { continue }
            logger.info(
                "A pod is neither in the API nor in a manifest any more; its sandboxes and folders are removed",
                metadata: ["pod": "\(first.configuration.pod)", "uid": "\(uid)"])
            await end(Pod(orphanOf: sandboxes, first.configuration.pod), sandboxes)
        }
        do {
            // Logs first: their folders know the pods' names as well.
            for pod in try await runner.ports.folders.podsWithLogs() where !isKnown(pod.uid) && !ended.contains(pod.uid) {
                ended.insert(pod.uid)
                await end(Pod(orphanOf: [], pod), [])
            }
            for uid in try await runner.ports.volumes.podsOnDisk() where !isKnown(uid) && !ended.contains(uid) {
                await end(Pod(orphanOf: [], PodIdentity(namespace: "", name: "", uid: uid)), [])
            }
        } catch {
            logger.warning("Folders of earlier pods could not be listed", metadata: ["error": "\(error)"])
        }
        await forgetEvictionsOfUnknownPods()
    }

    /// Ends what an earlier agent ran of these static pods' manifests in an older version, without waiting for the API: the new version needs its
    /// place. The API server's uids have hyphens, those made from manifests have none.
    func endPredecessors(of pods: [StaticPod]) async {
        for (uid, sandboxes) in recovered where !uid.contains("-") && !pods.contains(where: { $0.pod.uid == uid }) {
            guard let identity = sandboxes.first?.configuration.pod else { continue }
            let key = ObjectKey(namespace: identity.namespace, name: identity.name)
            guard pods.contains(where: { $0.pod.key == key }), !takeRecovered(uid).isEmpty else { continue }
            logger.info("The manifest of a static pod has changed; the pod of the old one ends", metadata: ["pod": "\(key)", "uid": "\(uid)"])
            statics.handOver.noteEnding(uid, key)
            await end(Pod(orphanOf: sandboxes, identity), sandboxes)
        }
    }
}

extension Pod {
    /// Creates the part of a pod that its sandboxes' records hold.
    fileprivate init(orphanOf sandboxes: [RecoveredSandbox], _ identity: PodIdentity) {
        var containers: [Container] = []
        var initial: [Container] = []
        for configuration in sandboxes.flatMap(\.containers).map(\.configuration) {
            var container = Container(name: configuration.name, image: configuration.image)
            guard !(containers + initial).contains(where: { $0.name == container.name }) else { continue }
            switch configuration.role {
            case .regular, .ephemeral: containers.append(container)
            case .initial:
                // As a sidecar it is stopped too if it runs.
                container.restartPolicy = .always
                initial.append(container)
            }
        }
        var spec = PodSpec(containers: containers)
        spec.initContainers = initial
        spec.hostNetwork = sandboxes.contains { $0.configuration.network == .node }
        self.init(metadata: ObjectMeta(name: identity.name, namespace: identity.namespace, uid: identity.uid), spec: spec)
    }
}
