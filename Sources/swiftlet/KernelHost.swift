import LinuxSystem
import NodeAgent
import PodNetwork

/// The machine's facts for the Node object, read from the kernel.
struct KernelHost: NodeHost {
    let network: PodNetwork
    /// The folder whose file system holds what pods write.
    let rootDirectory: String
    let supportsUserNamespaces: Bool

    func describe() async throws -> HostDescription {
        let addresses = try await network.nodeAddresses()
        return try await BlockingPool.shared.run("read the machine's facts") { [rootDirectory, supportsUserNamespaces] in
            let names = try HostFacts.names()
            let memory = try HostFacts.memory()
            let hugepages = try HugePages.reserved().map { (HostDescription.pageSizeName($0.key), Int64(clamping: $0.value)) }
            try Directories.make(rootDirectory)
            return HostDescription(
                hostname: names.hostname, machineID: HostFacts.machineID(), systemUUID: HostFacts.systemUUID(),
                bootID: try HostFacts.bootID(), kernelVersion: names.release, osImage: HostFacts.osPrettyName(),
                architecture: names.architecture, processors: HostFacts.onlineProcessors(), memory: Int64(memory.total),
                ephemeralStorage: Int64(clamping: try FileSystemStats(path: rootDirectory).capacity),
                hugepages: Dictionary(hugepages) { $0 + $1 }, addresses: addresses,
                supportsUserNamespaces: supportsUserNamespaces, processIDs: try HostFacts.processIDs(),
                swap: Int64(clamping: memory.swapTotal))
        }
    }
}
