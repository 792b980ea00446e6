package import KubeModel

/// The facts that a pod reads about itself and its node through fields and files.
package struct PodFacts: Sendable {
    package let pod: Pod
    package let nodeName: String
    /// The node's addresses, primary family first.
    package let hostIPs: [String]
    package let podIPs: [String]
    /// Replaces limits that a container does not have.
    package let nodeAllocatable: [String: Quantity]

    package init(pod: Pod, nodeName: String, hostIPs: [String], podIPs: [String], nodeAllocatable: [String: Quantity]) {
        self.pod = pod
        self.nodeName = nodeName
        self.hostIPs = hostIPs
        self.podIPs = podIPs
        self.nodeAllocatable = nodeAllocatable
    }

    /// The value of a `fieldRef` (`core/v1 ObjectFieldSelector`).
    package func field(_ path: String) throws(PlanFailure) -> String {
        switch path {
        case "metadata.name": return pod.name
        case "metadata.namespace": return pod.namespace
        case "metadata.uid": return pod.uid
        case "metadata.labels": return Self.lines(pod.metadata.labels)
        case "metadata.annotations": return Self.lines(pod.metadata.annotations)
        case "spec.nodeName": return nodeName
        case "spec.serviceAccountName": return pod.spec.serviceAccountName ?? ""
        case "status.hostIP": return hostIPs.first ?? ""
        case "status.hostIPs": return hostIPs.joined(separator: ",")
        case "status.podIP": return podIPs.first ?? ""
        case "status.podIPs": return podIPs.joined(separator: ",")
        default: break
        }
        if let key = Self.subscriptKey(path, of: "metadata.labels") { return pod.metadata.labels?[key] ?? "" }
        if let key = Self.subscriptKey(path, of: "metadata.annotations") { return pod.metadata.annotations?[key] ?? "" }
        throw PlanFailure("unsupported fieldPath: \(path)")
    }

    /// The value of a `resourceFieldRef`, in units of its divisor, rounded up.
    package func resource(_ selector: ResourceFieldSelector, ownContainer: String?) throws(PlanFailure) -> String {
        guard let name = selector.containerName.flatMap({ $0.isEmpty ? nil : $0 }) ?? ownContainer, let container = pod.spec.container(named: name)
        else {
            throw PlanFailure("container \(selector.containerName ?? "") not found")
        }
        let parts = selector.resource.split(separator: ".", maxSplits: 1)
        guard parts.count == 2, parts[0] == "limits" || parts[0] == "requests" else {
            throw PlanFailure("unsupported container resource : \(selector.resource)")
        }
        let resource = String(parts[1])
        guard Self.replaceable.contains(resource) || resource.hasPrefix("hugepages-") else {
            throw PlanFailure("unsupported container resource : \(selector.resource)")
        }
        let quantity =
            parts[0] == "limits" ? limit(of: container, resource) : container.resources?.requests?[resource] ?? Quantity(0)
        let divisor = selector.divisor.flatMap { $0.isZero ? nil : $0 } ?? Quantity(1)
        if resource == "cpu" { return String(Self.dividedUp(quantity.milliValue, divisor.milliValue)) }
        return String(Self.dividedUp(quantity.value, max(divisor.value, 1)))
    }

    /// The resources of which a container without a limit may use as much as the pod or the node has. Huge pages always have a limit.
    private static let replaceable: Set<String> = ["cpu", "memory", "ephemeral-storage"]

    /// A limit of 0 counts as none. The pod's own limit bounds its containers more narrowly than the node.
    private func limit(of container: Container, _ resource: String) -> Quantity {
        func amount(_ list: [String: Quantity]?) -> Quantity? { list?[resource].flatMap { $0.isZero ? nil : $0 } }
        let own = amount(container.resources?.limits)
        guard Self.replaceable.contains(resource) else { return own ?? Quantity(0) }
        return own ?? amount(pod.spec.resources?.limits) ?? nodeAllocatable[resource] ?? Quantity(0)
    }

    private static func dividedUp(_ value: Int64, _ divisor: Int64) -> Int64 {
        value / divisor + (value % divisor == 0 ? 0 : 1)
    }

    /// `key="value"` lines in key order, the value quoted as Go's `%q` does for plain text.
    private static func lines(_ values: [String: String]?) -> String {
        (values ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\(GoText.quoted($0.value))" }.joined(separator: "\n")
    }

    private static func subscriptKey(_ path: String, of base: String) -> String? {
        guard path.hasPrefix(base + "['"), path.hasSuffix("']") else { return nil }
        return String(path.dropFirst(base.count + 2).dropLast(2))
    }
}
