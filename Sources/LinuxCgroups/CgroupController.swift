/// A cgroup v2 controller, by its name in `cgroup.controllers`.
package struct CgroupController: RawRepresentable, Sendable, Hashable, Comparable, CustomStringConvertible {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let cpu = CgroupController(rawValue: "cpu")
    package static let cpuset = CgroupController(rawValue: "cpuset")
    package static let memory = CgroupController(rawValue: "memory")
    package static let pids = CgroupController(rawValue: "pids")
    package static let io = CgroupController(rawValue: "io")
    package static let hugetlb = CgroupController(rawValue: "hugetlb")

    /// Without these Kubernetes' limits mean nothing.
    package static let required: Set<CgroupController> = [.cpu, .memory, .pids]
    /// The controllers that are enabled for pods where the kernel has them.
    package static let wanted: Set<CgroupController> = [.cpu, .cpuset, .memory, .pids, .io, .hugetlb]

    package var description: String { rawValue }
    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
