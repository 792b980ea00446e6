import CLinux
import Glibc

/// The kernel's clocks, in nanoseconds.
package enum KernelClock {
    /// Since 1970; jumps when the time is set.
    package static var realtime: Int64 { swl_clock_nanoseconds(swl_clock_realtime()) }
    /// Never jumps, stands still while the machine is suspended. Deadlines use it.
    package static var monotonic: Int64 { swl_clock_nanoseconds(swl_clock_monotonic()) }
    /// Since boot, suspension included. A process' start time counts on it.
    package static var boottime: Int64 { swl_clock_nanoseconds(swl_clock_boottime()) }

    /// Returns a moment of `realtime` in RFC 3339: `2026-01-02T03:04:05Z`.
    package static func text(_ realtime: Int64) -> String {
        var seconds = time_t(realtime / 1_000_000_000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        let fields = [parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec].map {
            $0 < 10 ? "0\($0)" : "\($0)"
        }
        return fields[..<3].joined(separator: "-") + "T" + fields[3...].joined(separator: ":") + "Z"
    }
}

extension Duration {
    /// Whole nanoseconds, at most what 64 bits hold.
    package var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, carry) = whole.addingReportingOverflow(attoseconds / 1_000_000_000)
        return carry ? (seconds < 0 ? .min : .max) : sum
    }
}
