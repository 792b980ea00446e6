/// `pids.max`.
enum PIDsController {
    static func files(_ limits: CgroupLimits) -> [CgroupSetting] {
        let limit = limits.pidsLimit.flatMap { $0 > 0 ? $0 : nil }
        return [CgroupSetting(file: "pids.max", value: limit.map { String($0) } ?? "max", limits: limit != nil)]
    }
}
