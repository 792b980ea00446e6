import HTTPTypes
import KubeModel
package import PodCore

/// Finds the container of a log or stream request, or refuses the request in kubelet's words.
package struct ContainerLookup: Sendable {
    private let view: any NodeView

    package init(view: any NodeView) {
        self.view = view
    }

    package func forLog(_ address: EndpointPath.PodAddress, previous: Bool) async throws(Refusal) -> ContainerLocation {
        do {
            return try await view.container(address.container, ofPod: address.key, uid: nil, previous: previous)
        } catch {
            let pod = await pod(address)
            guard let pod else { throw Refusal(.notFound, "pod \"\(address.pod)\" does not exist\n") }
            guard Self.hasContainer(pod, address.container) else {
                throw Refusal(.notFound, "container \"\(address.container)\" not found in pod \"\(address.pod)\"\n")
            }
            throw Refusal(.badRequest, Self.noLog(pod, address.container, previous: previous) ?? error.message)
        }
    }

    package func forStream(_ address: EndpointPath.PodAddress) async throws(Refusal) -> ContainerLocation {
        let location: ContainerLocation
        do {
            location = try await view.container(address.container, ofPod: address.key, uid: address.uid, previous: false)
        } catch {
            let pod = await pod(address)
            guard let pod, address.uid == nil || address.uid == pod.uid else { throw Refusal(.notFound, "pod does not exist\n") }
            guard Self.hasContainer(pod, address.container) else {
                throw Refusal(.notFound, "container not found (\"\(address.container)\")\n")
            }
            throw Refusal(error.code == .notFound ? .notFound : .badRequest, error.message + "\n")
        }
        guard location.isRunning else {
            throw Refusal(.badRequest, "container \"\(address.container)\" in pod \"\(address.pod)\" is not running\n")
        }
        return location
    }

    /// This node's runtime writes no checkpoints: the answer is that of a kubelet whose runtime does not, in the same order.
    /// - Parameter timeout: of the query.
    package func checkpointRefusal(_ address: EndpointPath.PodAddress, timeout: String?) async -> Refusal {
        guard let pod = await pod(address) else { return Refusal(.notFound, "pod does not exist\n") }
        guard Self.hasContainer(pod, address.container) else { return Refusal(.notFound, "container \(address.container) does not exist\n") }
        if let timeout, Int64(timeout) == nil { return Refusal(.notFound, "cannot parse value of timeout parameter\n") }
        return Refusal(
            .internalServerError,
            "checkpointing of \(address.namespace)/\(address.pod)/\(address.container) failed (this node's runtime cannot checkpoint containers)\n")
    }

    private func pod(_ address: EndpointPath.PodAddress) async -> Pod? {
        await view.pods().first { $0.name == address.pod && $0.namespace == address.namespace }
    }

    private static func hasContainer(_ pod: Pod, _ name: String) -> Bool {
        pod.spec.containers.contains { $0.name == name } || pod.spec.initContainers?.contains { $0.name == name } == true
            || pod.spec.ephemeralContainers?.contains { $0.name == name } == true
    }

    /// Returns the reason why a container of the pod has no log; `nil` when its status gives no reason.
    private static func noLog(_ pod: Pod, _ container: String, previous: Bool) -> String? {
        let what = "container \"\(container)\" in pod \"\(pod.name)\""
        guard let status = pod.status?.allContainerStatuses.first(where: { $0.name == container }) else { return "\(what) is not available" }
        if previous { return "previous terminated \(what) not found" }
        if status.state.running != nil { return nil }
        if status.state.terminated != nil || status.lastState.terminated != nil { return "\(what) is not available" }
        guard let waiting = status.state.waiting else { return "\(what) is waiting to start - no logs yet" }
        switch waiting.reason {
        case "ErrImagePull": return "\(what) is waiting to start: image can't be pulled"
        case "ImagePullBackOff": return "\(what) is waiting to start: trying and failing to pull image"
        default: return "\(what) is waiting to start: \(waiting.reason ?? "")"
        }
    }
}

extension EndpointPath.PodAddress {
    var key: ObjectKey { ObjectKey(namespace: namespace, name: pod) }
}
