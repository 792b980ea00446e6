import KubeModel
import Logging
import MetricsStore
import PodCore
import Timing

extension ActionRunner {
    func mountVolume(_ name: String, _ snapshot: PodSnapshot) async -> PodEvent? {
        do {
            let mounted = try await mount(name, snapshot.pod, podIPs: snapshot.addresses)
            return .volumeMounted(name: name, path: mounted.path, renewAt: mounted.renewAt)
        } catch let failure as VolumeFailure {
            return .volumeFailed(name: name, failure)
        } catch let failure as PlanFailure {
            return .volumeFailed(name: name, VolumeFailure(.invalid, failure.message))
        } catch {
            return .volumeFailed(name: name, VolumeFailure(.system, "\(error)"))
        }
    }

    /// Updates the contents of the pod's file volumes.
    func refreshVolumes(_ snapshot: PodSnapshot) async -> PodEvent {
        var next: Timestamp?
        for name in snapshot.volumePaths.keys {
            guard let volume = snapshot.pod.spec.volumes?.first(where: { $0.name == name }), volume.hasFiles else { continue }
            do {
                let renewAt = try await mount(name, snapshot.pod, podIPs: snapshot.addresses).renewAt
                next = [next, renewAt].compactMap { $0 }.min()
            } catch {
                logger.warning(
                    "A volume's files could not be updated; the container keeps the old ones",
                    metadata: ["pod": "\(snapshot.identity)", "volume": "\(name)", "error": "\(error)"])
                next = [next, time.wallTime().advanced(bySeconds: 60)].compactMap { $0 }.min()
            }
        }
        return .volumesRefreshed(next: next)
    }

    /// - Returns: `group` is that of a PersistentVolume that names one.
    func mount(_ name: String, _ pod: Pod, podIPs: [String]) async throws -> (path: String, renewAt: Timestamp?, group: UInt32?) {
        guard let volume = pod.spec.volumes?.first(where: { $0.name == name }) else {
            throw VolumeFailure(.invalid, "the pod has no volume \"\(name)\"")
        }
        let names = ObjectNames(volume: volume, podName: pod.name)
        let objects = try await ports.objects.objects(names, namespace: pod.namespace)
        var tokens: [String] = []
        var renewAt: Timestamp?
        for projection in VolumePlan.tokenRequests(of: volume) {
            let token = try await self.tokens.token(for: pod, projection)
            tokens.append(token.text)
            renewAt = [renewAt, token.renewAt].compactMap { $0 }.min()
        }
        let content =
            try claimed(volume, pod, objects)
            ?? VolumePlan.content(of: volume, facts: facts(pod, podIPs: podIPs), objects: objects, tokens: tokens)
        let storage = volume.claimName(podName: pod.name).flatMap { objects.claims[$0]?.volume }
        let fsGroup = pod.spec.securityContext?.fsGroup.flatMap { UInt32(exactly: $0) }
        let request = VolumeRequest(
            podUID: pod.uid, name: name, content: content, fsGroup: fsGroup,
            keepsMatchingGroup: pod.spec.securityContext?.fsGroupChangePolicy == "OnRootMismatch",
            exclusiveStorage: storage.flatMap { ClaimPlan.isExclusive($0) ? $0.name : nil })
        let began = time.now()
        func noteMount(_ status: String) {
            metrics.observe(.storageOperation, "false", "volume_mount", status, VolumePlugin.name(of: content), duration: time.now() - began)
        }
        let path: String
        do {
            path = try await ports.volumes.mount(request)
        } catch {
            noteMount("fail-unknown")
            throw error
        }
        noteMount("success")
        return (path, renewAt, storage.flatMap(ClaimPlan.group))
    }

    /// The content of a volume with a claim; `nil` for any other volume.
    private func claimed(_ volume: Volume, _ pod: Pod, _ objects: ReferencedObjects) throws(VolumeFailure) -> VolumeContent? {
        let context = context()
        guard let claim = ClaimPlan(volume, pod: pod, nodeName: context.nodeName, nodeLabels: context.labels) else { return nil }
        return try claim.content(objects.claims[volume.claimName(podName: pod.name) ?? ""])
    }
}
