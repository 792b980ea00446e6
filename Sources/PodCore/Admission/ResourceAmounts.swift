import KubeModel

/// Amounts by resource as whole numbers in the scheduler's units: millicores of CPU, bytes of memory and storage, pieces of everything else.
/// Each of them fits into 64 bits, so that no sum over pods overflows.
package struct ResourceAmounts: Sendable, Hashable {
    /// Checked first and in this order; other resources follow by name.
    private static let leading = ["pods", "cpu", "memory", "ephemeral-storage"]

    private var amounts: [String: Int128] = [:]

    init(_ quantities: [String: Quantity] = [:]) {
        for (name, quantity) in quantities where Self.isCounted(name) {
            amounts[name] = Int128(name == "cpu" ? quantity.milliValue : quantity.value)
        }
    }

    /// The place that a pod takes: itself and its requests.
    init(requestedBy pod: Pod) {
        self.init(pod.spec.schedulingRequests)
        amounts["pods"] = 1
    }

    /// 0 for a resource that is not there.
    subscript(name: String) -> Int128 { amounts[name] ?? 0 }

    func has(_ name: String) -> Bool { amounts[name] != nil }

    var names: [String] {
        Self.leading.filter { amounts[$0] != nil } + amounts.keys.filter { !Self.leading.contains($0) }.sorted()
    }

    mutating func add(_ other: ResourceAmounts) {
        amounts.merge(other.amounts) { $0 + $1 }
    }

    /// Returns the larger amount of each resource.
    func raised(to other: ResourceAmounts) -> ResourceAmounts {
        var result = self
        result.amounts.merge(other.amounts) { max($0, $1) }
        return result
    }

    /// Whether there is more of any resource than in `other`.
    package func exceeds(_ other: ResourceAmounts) -> Bool { amounts.contains { $1 > other[$0] } }

    mutating func subtract(_ other: ResourceAmounts) {
        amounts.merge(other.amounts.mapValues { -$0 }) { $0 + $1 }
    }

    /// The scheduler counts no other resource.
    private static func isCounted(_ name: String) -> Bool {
        leading.contains(name) || isExtended(name) || name.hasPrefix("hugepages-") || name.contains("kubernetes.io/")
            || name.hasPrefix("attachable-volumes-")
    }

    /// Whether devices and the like stand behind the name: it has a domain, which is not Kubernetes' own (`IsExtendedResourceName`).
    static func isExtended(_ name: String) -> Bool {
        name.contains("/") && !name.contains("kubernetes.io/") && !name.hasPrefix("requests.")
    }
}
