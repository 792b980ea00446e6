import KubeModel

/// `HugePages` or `HugePages-<size>`: the medium of an emptyDir.
struct HugePagesMedium {
    static let prefix = "HugePages"
    private static let resourcePrefix = "hugepages-"

    private let medium: String
    /// Bytes; `nil` where the pod's containers name the only size.
    private let size: Int64?

    init(_ medium: String) throws(PlanFailure) {
        self.medium = medium
        if medium == Self.prefix {
            size = nil
            return
        }
        guard medium.hasPrefix(Self.prefix + "-"), let size = Quantity(String(medium.dropFirst(Self.prefix.count + 1))), size.value > 0 else {
            throw PlanFailure("unknown storage medium \"\(medium)\"")
        }
        self.size = size.value
    }

    /// Returns the bytes of a page. The pod or one of its containers has to ask for pages of that size.
    func pageSize(for spec: PodSpec) throws(PlanFailure) -> Int64 {
        let requests = ((spec.initContainers ?? []) + spec.containers).map(\.effectiveRequests) + [spec.resources?.requests ?? [:]]
        let names = requests.flatMap(\.keys).filter { $0.hasPrefix(Self.resourcePrefix) }
        let sizes = Set(names.compactMap { Quantity(String($0.dropFirst(Self.resourcePrefix.count)))?.value })
        guard let found = sizes.first(where: { size == nil || $0 == size }) else {
            throw PlanFailure("medium \(medium): hugePages storage requested, but there is no resource request for huge pages")
        }
        if size == nil, sizes.count > 1 {
            throw PlanFailure("medium: \(medium) can't be used if container requests multiple huge page sizes")
        }
        return found
    }
}
