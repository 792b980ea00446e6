import KubeModel
import Logging
import PodCore

extension PodManager {
    /// Ends what belongs to no pod of the API any more: sandboxes of an earlier agent, and folders on disk. Called once the pods are known.
    ///
    /// Their pods end as those do that vanish from the API while the agent looks: with a stop signal first, and what fails is tried again.
    func removeOrphans() async {
        for (uid, sandboxes) in takeRecovered() {
            guard let first = sandboxes.first else { continue }
            logger.info(
                "A pod is no longer in the API; what is left of it is removed.", metadata: ["pod": "\(first.configuration.pod)", "uid": "\(uid)"])
            await end(Pod(orphanOf: sandboxes, first.configuration.pod), sandboxes)
        }
        do {
            for uid in try await runner.ports.volumes.podsOnDisk() where !isKnown(uid) {
                await end(Pod(orphanOf: [], PodIdentity(namespace: "", name: "", uid: uid)), [])
            }
        } catch {
            logger.warning("Folders of earlier pods could not be looked through.", metadata: ["error": "\(error)"])
        }
    }
}

extension Pod {
    /// As much of a pod as its sandboxes remember.
    fileprivate init(orphanOf sandboxes: [RecoveredSandbox], _ identity: PodIdentity) {
        var containers: [Container] = []
        var initial: [Container] = []
        for configuration in sandboxes.flatMap(\.containers).map(\.configuration) {
            var container = Container(name: configuration.name, image: configuration.image)
            guard !(containers + initial).contains(where: { $0.name == container.name }) else { continue }
            switch configuration.role {
            case .regular, .ephemeral: containers.append(container)
            case .initial:
                // Whatever runs of them is to be ended too.
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
