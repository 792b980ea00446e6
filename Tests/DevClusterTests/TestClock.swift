import KubeModel
import Synchronization

/// A clock that moves when it is told to.
final class TestClock: Sendable {
    private let seconds = Mutex<Int64>(1_800_000_000)

    var now: Timestamp { Timestamp(seconds: seconds.withLock { $0 }) }

    func advance(_ delta: Int64) { seconds.withLock { $0 += delta } }
}
