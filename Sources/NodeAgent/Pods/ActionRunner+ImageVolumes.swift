import KubeModel
import PodCore

extension ActionRunner {
    /// Mounts an image as a volume of the pod. A volume that is mounted already keeps its image, whatever its tag leads to by now, and so does one whose
    /// mount was lost, as long as the image is on the node.
    func ensureImageVolume(_ name: String, _ source: ImageVolumeSource, _ snapshot: PodSnapshot) async throws(ImageProblem) {
        let reference = source.reference ?? ""
        var kept: ImageDescription?
        let user: PodUserNamespace?
        do {
            user = try await userNamespace(of: snapshot.pod)
            switch try await ports.volumes.imageVolume(name, podUID: snapshot.pod.uid, userNamespace: user) {
            case .mounted: return
            case .lost(let id): kept = try await ports.images.image(id)
            case .absent: break
            }
        } catch {
            throw notMounted(name, reference, "\(error)", snapshot)
        }
        if let kept {
            events.record(
                PodEventRecord(
                    .normal, "VolumeRemounted", "Volume \"\(name)\" was not mounted any more, and is mounted again with its image \(kept.id)"),
                about: snapshot.identity)
        }
        guard !reference.isEmpty else {
            throw ImageProblem(reason: .invalidImageName, image: reference, message: "volume \"\(name)\" names no image")
        }
        let image: ImageDescription
        if let kept { image = kept } else { image = try await ensure(reference, source.pullPolicy, fieldPath: nil, snapshot) }
        do {
            _ = try await ports.volumes.mount(VolumeRequest(podUID: snapshot.pod.uid, name: name, content: .image(image), userNamespace: user))
        } catch {
            throw notMounted(name, reference, error.message, snapshot)
        }
    }

    /// `nil` for a pod with the node's ids.
    func userNamespace(of pod: Pod) async throws -> PodUserNamespace? {
        guard pod.spec.hostUsers == false else { return nil }
        guard let found = try await ports.runtime.userNamespace(ofPod: pod.uid) else {
            throw VolumeFailure(.busy, "the pod has no sandbox that runs, to whose user namespace the owners of the files belong")
        }
        return found
    }

    private func notMounted(_ name: String, _ reference: String, _ message: String, _ snapshot: PodSnapshot) -> ImageProblem {
        let text = "MountVolume.SetUp failed for volume \"\(name)\" : \(message)"
        events.record(PodEventRecord(.warning, "FailedMount", text), about: snapshot.identity)
        return ImageProblem(reason: .createContainerError, image: reference, message: text)
    }
}
