package import LinuxSystem

/// `hugetlb.<size>.max` and its reservation limit.
package enum HugeTLBController {
    /// The kernel's name of a page size in these files: `2MB` for 2 MiB.
    package static func sizeName(bytes: Int64) -> String {
        if bytes >= 1 << 30 { return "\(bytes >> 30)GB" }
        return bytes >= 1 << 20 ? "\(bytes >> 20)MB" : "\(bytes >> 10)KB"
    }

    /// The page sizes of this machine, by the kernel's names; empty where the kernel has no huge pages.
    package static func sizes(in directory: String = "/sys/kernel/mm/hugepages") throws(SystemError) -> [String] {
        let prefix = "hugepages-"
        return try DirectoryListing.names(at: directory).filter { $0.hasPrefix(prefix) && $0.hasSuffix("kB") }
            .compactMap { Int64($0.dropFirst(prefix.utf8.count).dropLast(2)) }.sorted().map { sizeName(bytes: $0 << 10) }
    }

    /// - Parameter sizes: all sizes of the machine. Sizes without a request get 0: a page size without a limit would be open to every container.
    static func files(_ limits: CgroupLimits, sizes: [String]) -> [CgroupSetting] {
        guard let wanted = limits.hugepageLimits else { return [] }
        return Set(sizes).union(wanted.keys).sorted().flatMap { size in
            let bytes = max(0, wanted[size] ?? 0)
            // The reservation limit fails an mmap where the other would kill with SIGBUS. It does not count as a limit of its own.
            return [
                CgroupSetting(file: "hugetlb.\(size).max", value: String(bytes), limits: bytes > 0),
                CgroupSetting(file: "hugetlb.\(size).rsvd.max", value: String(bytes), limits: false),
            ]
        }
    }
}
