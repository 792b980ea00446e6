package import KubeModel

/// One reading of both clocks: decisions about waiting use the monotonic one, status and events the wall clock.
package struct Moment: Sendable, Hashable {
    package let wall: Timestamp
    /// Time since an arbitrary fixed start. It never jumps.
    package let monotonic: Duration

    package init(wall: Timestamp, monotonic: Duration) {
        self.wall = wall
        self.monotonic = monotonic
    }
}
