/// The resources that a pod uses, as far as they were measured.
package struct PodUsage: Sendable, Hashable {
    /// Bytes of the working set.
    package var memory: Int64?
    /// Bytes of the containers' working sets, by name.
    package var containerMemory: [String: Int64]
    /// Processes and threads.
    package var tasks: Int64?
    package var disk: PodDiskUse?

    package init(memory: Int64? = nil, containerMemory: [String: Int64] = [:], tasks: Int64? = nil, disk: PodDiskUse? = nil) {
        self.memory = memory
        self.containerMemory = containerMemory
        self.tasks = tasks
        self.disk = disk
    }
}
