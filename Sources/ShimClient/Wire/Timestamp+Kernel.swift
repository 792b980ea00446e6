package import KubeModel
import LinuxSystem

extension Timestamp {
    /// From the kernel's clock.
    package init(unixNanoseconds: Int64) {
        let second: Int64 = 1_000_000_000
        let seconds = unixNanoseconds >= 0 ? unixNanoseconds / second : (unixNanoseconds - second + 1) / second
        self.init(seconds: seconds, nanoseconds: Int32(unixNanoseconds - seconds * second))
    }

    package static var now: Timestamp { Timestamp(unixNanoseconds: KernelClock.realtime) }
}
