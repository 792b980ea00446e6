import CLinux

/// The kernel's clocks, in nanoseconds.
package enum KernelClock {
    /// Since 1970; jumps when the time is set.
    package static var realtime: Int64 { swl_clock_nanoseconds(swl_clock_realtime()) }
    /// Never jumps, stands still while the machine is suspended. Deadlines use it.
    package static var monotonic: Int64 { swl_clock_nanoseconds(swl_clock_monotonic()) }
    /// Since boot, suspension included. A process' start time counts on it.
    package static var boottime: Int64 { swl_clock_nanoseconds(swl_clock_boottime()) }
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
