import KubeModel
import PodCore

extension PodManager: StoredPods {
    package func storedPods() async -> [StoredPod] {
        var pods: [StoredPod] = []
        for worker in workers.values {
            let machine = await worker.state
            let ids = machine.containers.compactMap { record in (record.running?.id ?? record.ended?.id).map { (record.name, $0) } }
            pods.append(
                StoredPod(
                    identity: machine.identity, spec: machine.pod.spec, containers: Dictionary(ids.filter { !$0.1.isEmpty }) { $1 },
                    volumePaths: machine.volumePaths))
        }
        return pods
    }
}
