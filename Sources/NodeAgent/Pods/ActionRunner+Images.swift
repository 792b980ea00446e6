import KubeModel
import MetricsStore
import PodCore
import Timing

extension ActionRunner {
    /// The images that a container mounts come before its own, as with kubelet.
    func ensureImage(_ name: String, _ snapshot: PodSnapshot) async -> PodEvent? {
        guard let container = snapshot.pod.spec.container(named: name), let image = container.image else {
            return .imageFailed(container: name, ImageProblem(reason: .invalidImageName, message: "container \(name) names no image"))
        }
        let fieldPath = ContainerRecord(name: name, role: snapshot.pod.spec.role(of: name)).fieldPath
        do throws(ImageProblem) {
            for volume in snapshot.pod.spec.volumes(of: container) {
                if let source = volume.image { try await ensureImageVolume(volume.name, source, snapshot) }
            }
            let found = try await ensure(image, container.imagePullPolicy, fieldPath: fieldPath, snapshot)
            guard !found.isArtifact else { throw notAnImage(image, fieldPath: fieldPath, snapshot) }
            return .imageReady(container: name, found)
        } catch {
            let type = LabelValues.type(of: snapshot.pod.spec.role(of: name))
            metrics.count(.startedContainers, type)
            metrics.count(.startedContainersErrors, error.reason.rawValue, type)
            return .imageFailed(container: name, error)
        }
    }

    private func notAnImage(_ reference: String, fieldPath: String?, _ snapshot: PodSnapshot) -> ImageProblem {
        let message = "\"\(reference)\" is an OCI artifact, wanted a container image: an artifact can only be mounted, as a volume of kind image"
        events.record(PodEventRecord(.warning, "Failed", "Error: \(message)", fieldPath: fieldPath), about: snapshot.identity)
        return ImageProblem(reason: .createContainerError, image: reference, message: message)
    }

    /// Looks for an image, and pulls it if the policy asks for it.
    /// - Parameter fieldPath: what events name besides the pod.
    func ensure(
        _ image: String, _ policy: ImagePullPolicy?, fieldPath: String?, _ snapshot: PodSnapshot
    ) async throws(ImageProblem) -> ImageDescription {
        func record(_ kind: PodEventRecord.Kind, _ reason: String, _ message: String) {
            events.record(PodEventRecord(kind, reason, message, fieldPath: fieldPath), about: snapshot.identity)
        }
        let policy = policy ?? .ifNotPresent
        let present: ImageDescription?
        do {
            present = try await ports.images.image(image)
        } catch {
            record(.warning, "InspectFailed", error.message)
            throw ImageProblem(reason: error.code == .invalidName ? .invalidImageName : .imageInspectError, image: image, message: error.message)
        }
        var known: [RegistryCredential]?
        if let present, policy != .always, await mayUse(present, image, snapshot, &known) {
            record(.normal, "Pulled", "Container image \"\(image)\" already present on machine and can be accessed by the pod")
            return present
        }
        if policy == .never {
            let message = "Container image \"\(image)\" is not present with pull policy of Never"
            record(.warning, WaitingReason.errImageNeverPull.rawValue, message)
            throw ImageProblem(reason: .errImageNeverPull, image: image, message: message)
        }
        record(.normal, "Pulling", "Pulling image \"\(image)\"")
        let asked = time.now()
        do {
            let credentials = if let known { known } else { await self.credentials(for: image, snapshot) }
            let (pulled, began) = try await pulls.run(image, credentials) { () async throws(ImageFailure) -> (ImageDescription, Duration) in
                let began = time.now()
                do throws(ImageFailure) {
                    let pulled = try await pullMakingRoom(image, credentials: credentials) { [events] progress in
                        events.record(PodEventRecord(.normal, "Pulling", progress, fieldPath: fieldPath), about: snapshot.identity)
                    }
                    metrics.note("pull_image", time.now() - began, failed: false)
                    return (pulled, began)
                } catch {
                    metrics.note("pull_image", time.now() - began, failed: true)
                    throw error
                }
            } first: { pulled, began in
                metrics.observe(.imagePull, LabelValues.imageSize(pulled.size), duration: time.now() - began)
            }
            let end = time.now()
            record(
                .normal, "Pulled",
                "Successfully pulled image \"\(image)\" in \(GoText.duration(end - began)) (\(GoText.duration(end - asked)) including waiting). "
                    + "Image size: \(pulled.size) bytes.")
            return pulled
        } catch {
            let reason = error.code == .registryUnavailable ? WaitingReason.registryUnavailable : .errImagePull
            let isAway = reason == .registryUnavailable
            record(.warning, "Failed", "Failed to pull image \"\(image)\": \(isAway ? "\(reason.rawValue): " : "")\(error.message)")
            throw ImageProblem(
                reason: reason, image: image,
                message: isAway ? "image pull failed for \(image) because the registry is unavailable: \(error.message)" : error.message)
        }
    }

    /// Whether the pod may use an image of the node without asking its registry.
    /// - Parameter credentials: receives those of the pod where they had to be looked up.
    private func mayUse(
        _ image: ImageDescription, _ reference: String, _ snapshot: PodSnapshot, _ credentials: inout [RegistryCredential]?
    ) async -> Bool {
        let access = await ports.images.permission(toUse: image, as: reference)
        guard verification.isRequired(for: reference, access) else { return true }
        guard access == .restricted else { return false }
        let found = await self.credentials(for: reference, snapshot)
        credentials = found
        return await ports.images.admits(found, to: image, as: reference)
    }

    /// Pulls, and pulls once more if the disk had too little room and unused images could be removed.
    private func pullMakingRoom(
        _ image: String, credentials: [RegistryCredential], report: @escaping @Sendable (_ message: String) -> Void
    ) async throws(ImageFailure) -> ImageDescription {
        do throws(ImageFailure) {
            return try await pull(image, credentials: credentials, report: report)
        } catch {
            guard error.code == .noRoom, let room, await room.makeRoom(free: error.freeBytes) else { throw error }
            return try await pull(image, credentials: credentials, report: report)
        }
    }

    /// Returns the credentials of the pod's pull secrets in the order of the spec, then those that providers give for its service account. What is
    /// missing or unreadable is reported as an event, and the pull goes on with the rest.
    private func credentials(for image: String, _ snapshot: PodSnapshot) async -> [RegistryCredential] {
        func warn(_ message: String) {
            events.record(
                PodEventRecord(.warning, "FailedToRetrieveImagePullSecret", "\(message); attempting to pull the image may not succeed."),
                about: snapshot.identity)
        }
        var missing: [String] = []
        var credentials: [RegistryCredential] = []
        for name in (snapshot.pod.spec.imagePullSecrets ?? []).compactMap(\.name) {
            let found = try? await ports.objects.objects(ObjectNames(secret: name), namespace: snapshot.pod.namespace).secrets[name]
            guard let found else {
                missing.append(name)
                continue
            }
            let secret = PullSecret(found)
            let identity = CredentialOwner(uid: found.metadata.uid ?? "", namespace: snapshot.pod.namespace, name: name)
            credentials += secret.credentials.map { $0.of(identity) }
            if !secret.problems.isEmpty {
                warn("Unable to read image pull secret \"\(name)\", or not all of it: \(secret.problems.prefix(5).joined(separator: "; "))")
            }
        }
        if !missing.isEmpty { warn("Unable to retrieve some image pull secrets (\(missing.joined(separator: ", ")))") }
        let account = PullingAccount(of: snapshot.pod, source: ports.objects, tokens: tokens)
        let given = await ports.images.credentials(of: account, for: image)
        if !given.problems.isEmpty {
            let message = "\(given.problems.joined(separator: "; ")); attempting to pull the image may not succeed."
            events.record(PodEventRecord(.warning, "CredentialProviderFailed", message), about: snapshot.identity)
        }
        return credentials + given.credentials
    }
}
