package import KubeClient
package import PodCore

extension ClientTime {
    /// Both clocks at once, as the pod machines want them.
    package var moment: Moment { Moment(wall: wallTime(), monotonic: now()) }
}
