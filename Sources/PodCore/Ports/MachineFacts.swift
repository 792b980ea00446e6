/// The machine as metrics name it. It does not change while the agent runs.
package struct MachineFacts: Sendable, Hashable {
    package var kernelVersion: String
    package var operatingSystem: String
    package var bootID: String
    package var machineID: String
    package var systemUUID: String
    /// Logical processors.
    package var processors: Int
    /// Absent where the kernel does not say.
    package var physicalCores: Int?
    package var sockets: Int?
    /// Bytes.
    package var memory: UInt64
    /// Bytes.
    package var swap: UInt64

    package init(
        kernelVersion: String = "", operatingSystem: String = "", bootID: String = "", machineID: String = "", systemUUID: String = "",
        processors: Int = 1, physicalCores: Int? = nil, sockets: Int? = nil, memory: UInt64 = 0, swap: UInt64 = 0
    ) {
        self.kernelVersion = kernelVersion
        self.operatingSystem = operatingSystem
        self.bootID = bootID
        self.machineID = machineID
        self.systemUUID = systemUUID
        self.processors = processors
        self.physicalCores = physicalCores
        self.sockets = sockets
        self.memory = memory
        self.swap = swap
    }
}
