import Glibc

/// The resources that this process uses, as `/proc` and the kernel's limits say.
package struct ProcessFigures: Sendable, Hashable {
    /// User and system time, in seconds.
    package let processorTime: Double
    /// Since 1970, in seconds.
    package let startTime: Double
    /// Bytes.
    package let residentMemory: UInt64
    package let virtualMemory: UInt64
    /// `RLIMIT_AS`.
    package let virtualMemoryLimit: UInt64
    package let openDescriptors: Int
    /// `RLIMIT_NOFILE`, the soft limit.
    package let descriptorLimit: UInt64

    /// Reads the figures of this process. Blocks for the time of a few reads from memory.
    package static func read() throws(SystemError) -> ProcessFigures {
        let stat = try Stat(SmallFile.text("/proc/self/stat"))
        let boot = try bootTime(SmallFile.text("/proc/stat", limit: 8 << 20))
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        // The listing itself has two descriptors open.
        let descriptors = try DirectoryListing.entries(of: .open("/proc/self/fd", O_RDONLY | O_DIRECTORY)).count
        return ProcessFigures(
            processorTime: Double(stat.userTicks + stat.systemTicks) / ticks, startTime: Double(boot) + Double(stat.startTicks) / ticks,
            residentMemory: stat.residentPages * UInt64(sysconf(Int32(_SC_PAGESIZE))), virtualMemory: stat.virtualBytes,
            virtualMemoryLimit: try limit(RLIMIT_AS), openDescriptors: max(descriptors - 2, 0), descriptorLimit: try limit(RLIMIT_NOFILE))
    }

    /// Fields of `/proc/PID/stat` (proc_pid_stat(5)).
    struct Stat: Equatable {
        let userTicks: UInt64
        let systemTicks: UInt64
        /// Since boot.
        let startTicks: UInt64
        let virtualBytes: UInt64
        let residentPages: UInt64

        /// The second field is the program's name in parentheses, which may hold blanks and parentheses itself.
        init(_ text: String) throws(SystemError) {
            let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ").dropFirst().map { UInt64($0) }
            func field(_ number: Int) throws(SystemError) -> UInt64 {
                guard number - 3 < fields.count, let value = fields[number - 3] else {
                    throw SystemError(code: .malformed, call: "read", path: "/proc/self/stat", detail: "wanted a number as field \(number): \(text)")
                }
                return value
            }
            userTicks = try field(14)
            systemTicks = try field(15)
            startTicks = try field(22)
            virtualBytes = try field(23)
            residentPages = try field(24)
        }
    }

    static func bootTime(_ text: String) throws(SystemError) -> UInt64 {
        for line in text.split(separator: "\n") where line.hasPrefix("btime ") {
            if let seconds = UInt64(line.dropFirst(6)) { return seconds }
        }
        throw SystemError(code: .malformed, call: "read", path: "/proc/stat", detail: "wanted a line btime, found none")
    }

    private static func limit(_ resource: __rlimit_resource) throws(SystemError) -> UInt64 {
        var limit = rlimit()
        try systemCall("getrlimit") { getrlimit(__rlimit_resource_t(resource.rawValue), &limit) }
        return UInt64(limit.rlim_cur)
    }
}
