/// Reads what the machine, the levels of pods and each pod have used. `PodRuntime` conforms, through cgroups and /proc.
package protocol NodeMeter: Sendable {
    /// Measures once, without storage. A part that cannot be measured is left out and named in `problems`; only without the machine itself it throws.
    func measure() async throws(RuntimeFailure) -> NodeMeasurement
}

/// The space of the volumes that are file systems of their own. `PodVolumes` conforms.
package protocol VolumeMeter: Sendable {
    /// Returns the figures by pod UID and then by the name of the volume's folder. A server that does not answer leaves its volume out.
    func statisticsOfVolumes() async throws(VolumeFailure) -> [String: [String: VolumeStatistics]]
}
