/// The node's measured figures for the node's endpoint. `NodeAgent` conforms.
package protocol NodeStatisticsSource: Sendable {
    /// Returns a measurement that is at most a second old; several callers may get the same one.
    func measurement(_ extent: MeasurementExtent) async throws(RuntimeFailure) -> NodeMeasurement
}

/// How much of the node a client wants to know.
package enum MeasurementExtent: Sendable, Hashable {
    /// Processors, memory, devices and networks.
    case computing
    /// The node's file systems too.
    case fileSystems
    /// Also what pods and volumes take of them, as far as that has been measured.
    case everything
}
