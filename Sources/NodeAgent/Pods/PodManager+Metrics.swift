package import KubeModel
package import PodCore

/// The figures of the pods for metrics, gathered for one scrape.
extension PodManager {
    package func census() async -> PodCensus {
        var census = PodCensus()
        for machine in await machines() { census.add(machine) }
        for pod in queue.pods { census.addWaiting(pod) }
        for pod in activePods.snapshot.pods { census.active[pod.isStatic, default: 0] += 1 }
        census.mirrors = statics.handOver.pods.count
        census.unknown = recovered.count
        return census
    }

    package func probeTallies() async -> [(pod: PodIdentity, tallies: ProbeTallies)] {
        var found: [(pod: PodIdentity, tallies: ProbeTallies)] = []
        for worker in workers.values {
            let tallies = await worker.probes
            if !tallies.all.isEmpty { found.append((await worker.state.identity, tallies)) }
        }
        return found.sorted { ($0.pod.namespace, $0.pod.name, $0.pod.uid) < ($1.pod.namespace, $1.pod.name, $1.pod.uid) }
    }

    /// Returns the pods with sandboxes: only their names and running containers, as kubelet makes them of what its runtime lists.
    package func runningPods() async -> [Pod] {
        await machines().filter { $0.readySandbox != nil }.map { machine in
            let containers = machine.containers.compactMap { record in
                record.running.map { Container(name: record.name, image: $0.image) }
            }
            let identity = machine.identity
            return Pod(
                metadata: ObjectMeta(name: identity.name, namespace: identity.namespace, uid: identity.uid), spec: PodSpec(containers: containers))
        }.sorted { $0.key < $1.key }
    }

    private func machines() async -> [PodMachine] {
        var machines: [PodMachine] = []
        for worker in workers.values { machines.append(await worker.state) }
        return machines
    }
}
