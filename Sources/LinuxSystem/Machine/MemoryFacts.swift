/// /proc/meminfo in bytes.
package struct MemoryFacts: Sendable, Hashable {
    package let total: UInt64
    /// The memory that programs can get without swapping.
    package let available: UInt64
    /// The memory that nothing uses.
    package let free: UInt64
    /// Memory of programs that no file is behind; absent where the kernel does not say.
    package let anonymous: UInt64?
    /// Page cache; absent likewise.
    package let cached: UInt64?
    package let swapTotal: UInt64
    package let swapFree: UInt64

    package init() throws(SystemError) { try self.init(text: SmallFile.text("/proc/meminfo")) }

    package init(text: String) throws(SystemError) {
        var values: [Substring: UInt64] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            let fields = parts[1].split(separator: " ")
            guard let first = fields.first, let number = UInt64(first) else { continue }
            values[parts[0]] = fields.last == "kB" ? number * 1024 : number
        }
        guard let total = values["MemTotal"] else {
            throw SystemError(code: .malformed, call: "read", path: "/proc/meminfo", detail: "wanted MemTotal, found none")
        }
        self.total = total
        available = values["MemAvailable"] ?? values["MemFree"] ?? 0
        free = values["MemFree"] ?? 0
        anonymous = values["AnonPages"]
        cached = values["Cached"]
        swapTotal = values["SwapTotal"] ?? 0
        swapFree = values["SwapFree"] ?? 0
    }
}
