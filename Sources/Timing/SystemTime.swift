import FoundationEssentials
package import KubeModel

/// The machine's own clocks: `CLOCK_BOOTTIME` through `ContinuousClock`, and the calendar.
package struct SystemTime: TimeSource {
    private let start: ContinuousClock.Instant

    package init() {
        start = ContinuousClock.now
    }

    package func now() -> Duration { start.duration(to: ContinuousClock.now) }

    package func wallTime() -> Timestamp {
        let now = Date().timeIntervalSince1970
        let whole = now.rounded(.down)
        return Timestamp(seconds: Int64(whole), nanoseconds: Int32((now - whole) * 1e9))
    }

    package func sleep(until deadline: Duration) async throws {
        try await ContinuousClock().sleep(until: start.advanced(by: deadline), tolerance: nil)
    }
}
