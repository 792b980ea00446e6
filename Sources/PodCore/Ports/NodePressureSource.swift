/// The kernel's view of the resources that a node may run out of.
package protocol NodePressureSource: Sendable {
    /// Measures the node once: one look at each file system and a few small files.
    func observe() async -> NodeRoom

    /// One element whenever programs have to wait for memory, at most one every two seconds. It ends at once on a machine that does not tell.
    /// One reader.
    var alarms: AsyncStream<Void> { get }
}
