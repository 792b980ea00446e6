import KubeModel
import Logging
package import PodCore

/// Measures what pods use. A pod that cannot be measured is left out.
package struct PodUsageReader: Sendable {
    private let resources: any ResourceControl
    private let disk: any PodDiskUsage

    package init(resources: any ResourceControl, disk: any PodDiskUsage) {
        self.resources = resources
        self.disk = disk
    }

    /// Returns the usage of a resource by uid.
    func usage(of pods: [(pod: Pod, place: PodPlace)], of resource: EvictionSignal.Resource, _ logger: Logger) async -> [String: PodUsage] {
        await withTaskGroup(of: (String, PodUsage?).self) { group in
            for (pod, place) in pods {
                group.addTask {
                    switch resource {
                    case .memory, .processIDs: (pod.uid, await compute(pod, place, logger))
                    case .storage, .inodes: (pod.uid, await diskUse(of: pod, place, logger).map { PodUsage(disk: $0) })
                    }
                }
            }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
    }

    func diskUse(of pod: Pod, _ place: PodPlace, _ logger: Logger) async -> PodDiskUse? {
        let identity = PodIdentity(namespace: pod.namespace, name: pod.name, uid: pod.uid)
        do throws(VolumeFailure) {
            return try await disk.diskUse(of: PodStorage(pod: identity, containers: place.containers, volumes: pod.spec.diskVolumeNames))
        } catch {
            logger.warning("Local storage of a pod cannot be measured", metadata: ["pod": "\(identity)", "error": "\(error)"])
            return nil
        }
    }

    private func compute(_ pod: Pod, _ place: PodPlace, _ logger: Logger) async -> PodUsage? {
        guard let sandboxID = place.sandboxID else { return nil }
        do throws(RuntimeFailure) {
            let stats = try await resources.stats(ofSandbox: sandboxID)
            var containers: [String: Int64] = [:]
            for (name, id) in place.containers {
                containers[name] = stats.containers[id]?.memory.workingSet.map { Int64(clamping: $0) }
            }
            return PodUsage(
                memory: stats.total.memory.workingSet.map { Int64(clamping: $0) }, containerMemory: containers,
                tasks: stats.total.tasks.map { Int64(clamping: $0) })
        } catch {
            logger.info("Usage of a pod cannot be measured", metadata: ["pod": "\(pod.key)", "error": "\(error)"])
            return nil
        }
    }
}
