import KubeModel
import Logging
import PodCore

extension PodManager {
    /// Ends sandboxes of an earlier agent, and removes folders, whose pods are no longer in the API. Called once the pods are known.
    ///
    /// Such a pod ends like a pod that is removed from the API while the agent runs: with a stop signal first, and failed steps are repeated.
    func removeOrphans() async {
        for (uid, sandboxes) in takeRecovered() {
            guard let first = sandboxes.first else { continue }
            logger.info(
                "A pod is no longer in the API; its sandboxes and folders are removed",
                metadata: ["pod": "\(first.configuration.pod)", "uid": "\(uid)"])
            await end(Pod(orphanOf: sandboxes, first.configuration.pod), sandboxes)
        }
        do {
            for uid in try await runner.ports.volumes.podsOnDisk() where !isKnown(uid) {
                await end(Pod(orphanOf: [], PodIdentity(namespace: "", name: "", uid: uid)), [])
            }
        } catch {
            logger.warning("Folders of earlier pods could not be listed", metadata: ["error": "\(error)"])
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
