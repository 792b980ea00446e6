import LinuxSystem
import NodeAgent
import PodNetwork

/// The machine's facts for the Node object, read from the kernel. A disk that does not answer does not hold up the node's status, which has the facts of
/// the last reading then; the disk's own health check names it.
struct KernelHost: NodeHost {
    private static let deadline = Duration.seconds(10)

    private let network: PodNetwork
    /// Without addresses.
    private let facts: LastKnown<HostDescription>

    /// - Parameter rootDirectory: the folder whose file system holds what pods write.
    init(network: PodNetwork, rootDirectory: String, supportsUserNamespaces: Bool) {
        self.network = network
        facts = LastKnown("read the machine's facts and the size of the file system of \(rootDirectory)", deadline: Self.deadline) {
            try Self.facts(rootDirectory, supportsUserNamespaces)
        }
    }

    func describe() async throws -> HostDescription {
        let addresses = try await network.nodeAddresses()
        var description = try await facts.value()
        description.addresses = addresses.reachable
        description.presentAddresses = addresses.present
        return description
    }

    /// Blocking.
    private static func facts(_ rootDirectory: String, _ supportsUserNamespaces: Bool) throws -> HostDescription {
        let names = try HostFacts.names()
        let memory = try HostFacts.memory()
        let hugepages = try HugePages.reserved().map { (HostDescription.pageSizeName($0.key), Int64(clamping: $0.value)) }
        try Directories.make(rootDirectory)
        return HostDescription(
            hostname: names.hostname, machineID: HostFacts.machineID(), systemUUID: HostFacts.systemUUID(),
            bootID: try HostFacts.bootID(), kernelVersion: names.release, osImage: HostFacts.osPrettyName(),
            architecture: names.architecture, processors: HostFacts.onlineProcessors(), memory: Int64(memory.total),
            ephemeralStorage: Int64(clamping: try FileSystemStats(path: rootDirectory).capacity),
            hugepages: Dictionary(hugepages) { $0 + $1 }, addresses: [], supportsUserNamespaces: supportsUserNamespaces,
            processIDs: try HostFacts.processIDs(), swap: Int64(clamping: memory.swapTotal))
    }
}
