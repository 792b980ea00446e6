/// Facts about the machine for the Node object. The program adapts them from the kernel.
package protocol NodeHost: Sendable {
    func describe() async throws -> HostDescription
}

package struct HostDescription: Sendable, Hashable {
    /// The machine's own name for itself, with its domain if it says one.
    package var hostname: String
    package var machineID: String
    package var systemUUID: String
    package var bootID: String
    package var kernelVersion: String
    package var osImage: String
    /// `amd64`, `arm64`: Go's names.
    package var architecture: String
    package var processors: Int
    /// Bytes.
    package var memory: Int64
    /// Bytes; 0 without swap.
    package var swap: Int64
    /// Bytes of the file system below the root folder.
    package var ephemeralStorage: Int64
    /// Bytes of pages by size name, such as `2Mi`.
    package var hugepages: [String: Int64]
    /// Addresses by which other nodes reach this one, IPv4 first; empty when none can be found.
    package var addresses: [String]
    /// All addresses of the machine that are valid beyond one link.
    package var presentAddresses: Set<String>
    /// Whether pods with any kind of volume may have user namespaces (`hostUsers: false`).
    package var supportsUserNamespaces: Bool
    /// Process ids that can be in use at one time; 0 when the number is unknown.
    package var processIDs: Int64

    package init(
        hostname: String, machineID: String, systemUUID: String, bootID: String, kernelVersion: String, osImage: String, architecture: String,
        processors: Int, memory: Int64, ephemeralStorage: Int64, hugepages: [String: Int64], addresses: [String],
        presentAddresses: Set<String> = [], supportsUserNamespaces: Bool = false, processIDs: Int64 = 0, swap: Int64 = 0
    ) {
        self.hostname = hostname
        self.machineID = machineID
        self.systemUUID = systemUUID
        self.bootID = bootID
        self.kernelVersion = kernelVersion
        self.osImage = osImage
        self.architecture = architecture
        self.processors = processors
        self.memory = memory
        self.swap = swap
        self.ephemeralStorage = ephemeralStorage
        self.hugepages = hugepages
        self.addresses = addresses
        self.presentAddresses = presentAddresses
        self.supportsUserNamespaces = supportsUserNamespaces
        self.processIDs = processIDs
    }

    /// Returns the name of a page size, such as `2Mi` for 2 MiB.
    package static func pageSizeName(_ bytes: UInt64) -> String {
        if bytes >= 1 << 30 { return "\(bytes >> 30)Gi" }
        return bytes >= 1 << 20 ? "\(bytes >> 20)Mi" : "\(bytes >> 10)Ki"
    }
}
