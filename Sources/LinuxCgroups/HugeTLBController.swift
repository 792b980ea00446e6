/// `hugetlb.<size>.max` and its reservation limit.
enum HugeTLBController {
    static func files(_ limits: CgroupLimits) -> [CgroupSetting] {
        limits.hugepageLimits.sorted { $0.key < $1.key }.flatMap { size, bytes in
            // The reservation limit fails an mmap where the other would kill with SIGBUS. It does not count as a limit of its own.
            [
                CgroupSetting(file: "hugetlb.\(size).max", value: String(max(0, bytes)), limits: bytes > 0),
                CgroupSetting(file: "hugetlb.\(size).rsvd.max", value: String(max(0, bytes)), limits: false),
            ]
        }
    }
}
