/// `memory.max`, `memory.swap.max` and `memory.oom.group`.
enum MemoryController {
    static func files(_ limits: CgroupLimits) -> [CgroupSetting] {
        let limit = limits.memoryLimit.flatMap { $0 > 0 ? $0 : nil }
        return [
            CgroupSetting(file: "memory.max", value: limit.map { String($0) } ?? "max", limits: limit != nil),
            // Without the file there is no swap to limit.
            CgroupSetting(
                file: "memory.swap.max", value: limits.swapLimit.map { String(max(0, $0)) } ?? "max", limits: (limits.swapLimit ?? 0) > 0),
            CgroupSetting(file: "memory.oom.group", value: limits.killsTogether ? "1" : "0", limits: false),
        ]
    }
}
