import KubeModel
import PodCore
import Timing

extension ActionRunner {
    func ensureImage(_ name: String, _ snapshot: PodSnapshot) async -> PodEvent? {
        guard let container = snapshot.pod.spec.container(named: name), let image = container.image else {
            return .imageFailed(container: name, ImageProblem(reason: .invalidImageName, message: "container \(name) names no image"))
        }
        let fieldPath = ContainerRecord(name: name, role: snapshot.pod.spec.role(of: name)).fieldPath
        func record(_ kind: PodEventRecord.Kind, _ reason: String, _ message: String) {
            events.record(PodEventRecord(kind, reason, message, fieldPath: fieldPath), about: snapshot.identity)
        }
        do {
            let present = try await ports.images.image(image)
            let policy = container.imagePullPolicy ?? .ifNotPresent
            if let present, policy != .always {
                record(.normal, "Pulled", "Container image \"\(image)\" already present on machine and can be accessed by the pod")
                return .imageReady(container: name, present)
            }
            if policy == .never {
                let message = "Container image \"\(image)\" is not present with pull policy of Never"
                record(.warning, WaitingReason.errImageNeverPull.rawValue, message)
                return .imageFailed(container: name, ImageProblem(reason: .errImageNeverPull, message: message))
            }
        } catch {
            let reason: WaitingReason = error.code == .invalidName ? .invalidImageName : .imageInspectError
            record(.warning, "InspectFailed", error.message)
            return .imageFailed(container: name, ImageProblem(reason: reason, message: error.message))
        }
        record(.normal, "Pulling", "Pulling image \"\(image)\"")
        let began = time.now()
        do {
            let pulled = try await ports.images.pull(image, credentials: await credentials(snapshot))
            let took = GoText.duration(time.now() - began)
            record(
                .normal, "Pulled", "Successfully pulled image \"\(image)\" in \(took) (\(took) including waiting). Image size: \(pulled.size) bytes.")
            return .imageReady(container: name, pulled)
        } catch {
            record(.warning, "Failed", "Failed to pull image \"\(image)\": \(error.message)")
            return .imageFailed(container: name, ImageProblem(reason: .errImagePull, message: error.message))
        }
    }

    /// Returns the credentials of the pod's pull secrets. A missing or unreadable secret is reported as an event, and the pull goes on without it.
    private func credentials(_ snapshot: PodSnapshot) async -> [RegistryCredential] {
        var names = ObjectNames()
        for secret in snapshot.pod.spec.imagePullSecrets ?? [] { if let name = secret.name { names.secrets.insert(name) } }
        guard !names.secrets.isEmpty else { return [] }
        let missing: [String]
        var credentials: [RegistryCredential] = []
        do {
            let found = try await ports.objects.objects(names, namespace: snapshot.pod.namespace).secrets
            missing = names.secrets.subtracting(found.keys).sorted()
            for secret in found.values { credentials += RegistryCredential.credentials(in: secret) }
        } catch {
            missing = names.secrets.sorted()
        }
        if !missing.isEmpty {
            let list = missing.joined(separator: ", ")
            events.record(
                PodEventRecord(
                    .warning, "FailedToRetrieveImagePullSecret",
                    "Unable to retrieve some image pull secrets (\(list)); attempting to pull the image may not succeed."), about: snapshot.identity)
        }
        return credentials
    }
}
