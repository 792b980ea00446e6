/// A shortage of the node, as a condition of its status.
package enum NodePressure: String, Sendable, CaseIterable {
    case memory = "MemoryPressure"
    case disk = "DiskPressure"
    case processIDs = "PIDPressure"
}
