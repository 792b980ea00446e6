package import KubeModel

/// The requests and limits of CPU and memory: what a resize may change. A limit of zero is none.
package struct ComputeResources: Sendable, Hashable {
    /// In the order in which a resize changes them.
    package static let names = ["memory", "cpu"]

    package var requests: [String: Quantity]
    package var limits: [String: Quantity]

    package init(requests: [String: Quantity] = [:], limits: [String: Quantity] = [:]) {
        self.requests = requests.filter { Self.names.contains($0.key) }
        self.limits = limits.filter { Self.names.contains($0.key) && !$0.value.isZero }
    }

    package init(_ resources: ResourceRequirements?) {
        self.init(requests: resources?.requests ?? [:], limits: resources?.limits ?? [:])
    }

    var isEmpty: Bool { requests.isEmpty && limits.isEmpty }

    func differs(from other: ComputeResources, in name: String) -> Bool {
        requests[name] != other.requests[name] || limits[name] != other.limits[name]
    }

    mutating func take(_ name: String, from other: ComputeResources) {
        requests[name] = other.requests[name]
        limits[name] = other.limits[name]
    }

    /// Raises one resource to at least that of `other`. A missing limit is the highest.
    mutating func grow(_ name: String, to other: ComputeResources) {
        if let wanted = other.requests[name] { requests[name] = max(requests[name] ?? wanted, wanted) }
        guard let limit = limits[name] else { return }
        limits[name] = other.limits[name].map { max($0, limit) }
    }

    /// Whether a change to `other` takes memory away from a program that runs.
    func lowersMemoryLimit(to other: ComputeResources) -> Bool {
        guard let wanted = other.limits["memory"] else { return false }
        return limits["memory"].map { wanted < $0 } ?? true
    }

    /// These amounts in a field of the API, beside whatever else the field names.
    func written(over resources: ResourceRequirements?) -> ResourceRequirements? {
        if resources == nil, isEmpty { return nil }
        var result = resources ?? ResourceRequirements()
        result.requests = Self.written(requests, over: result.requests)
        result.limits = Self.written(limits, over: result.limits)
        return result
    }

    private static func written(_ amounts: [String: Quantity], over list: [String: Quantity]?) -> [String: Quantity]? {
        if list == nil, amounts.isEmpty { return nil }
        return (list ?? [:]).filter { !names.contains($0.key) }.merging(amounts) { $1 }
    }
}
