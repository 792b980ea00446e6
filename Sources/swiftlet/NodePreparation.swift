import LinuxSystem
import Logging
import NodeAgent
import PodCore
import PodRuntime
import PodVolumes

/// The checks and settings of the machine that precede its pods.
struct NodePreparation {
    let local: LocalParts
    let settings: NodeSettings
    let logger: Logger

    init(_ local: LocalParts, _ settings: NodeSettings, logger: Logger) {
        self.local = local
        self.settings = settings
        self.logger = logger
    }

    /// - Returns: the event about the limits of all pods together.
    func run() async throws -> PodEventRecord {
        try await BlockingPool.shared.run("look at swap and kernel parameters, and make the folders of plugins") {
            try NodeResources.checkSwap(try HostFacts.swapAreas(), isRefused: local.configuration.kubelet.failSwapOn)
            try adjustKernel()
            try PluginFolders.make(in: local.configuration.process.rootDirectory)
        }
        let limits = try NodeResources.limits(
            of: try await local.host.describe(), reserved: settings.reserved, enforcement: local.configuration.kubelet.enforceNodeAllocatable)
        let missing = try await local.runtime.limitAllPods(limits)
        if !missing.isEmpty {
            logger.warning(
                "Reservations for the system are not enforced: this host's cgroup v2 hierarchy lacks controllers",
                metadata: ["limits": "\(missing.joined(separator: ", "))"])
        }
        return NodeResources.enforcementEvent(missing: missing)
    }

    /// Sets the limits of connection tracking. Once there are rules: the kernel may load it only then.
    func limitConntrack() async {
        guard KernelParameterPolicy(local.configuration) != .leave else { return }
        do {
            try await BlockingPool.shared.run("limit connection tracking") {
                let (kernel, wanted) = (KernelParameters(), local.configuration.proxy.conntrack)
                let minimums = wanted.minimums(processors: HostFacts.onlineProcessors())
                set(try kernel.differences(below: minimums) + kernel.differences(from: wanted.values.mapValues(String.init)), of: kernel)
            }
        } catch {
            logger.warning("The limits of connection tracking cannot be set", metadata: ["error": "\(error)"])
        }
    }

    /// Sets kernel parameters, or refuses to go on where the configuration protects them.
    private func adjustKernel() throws {
        let kernel = KernelParameters()
        let differences = try kernel.differences(from: NodeResources.kernelParameters)
        set(try KernelParameterPolicy(local.configuration).toSet(differences), of: kernel)
    }

    private func set(_ differences: [KernelParameters.Difference], of kernel: KernelParameters) {
        for difference in differences {
            do throws(SystemError) {
                try kernel.set(difference.name, to: difference.wanted)
                logger.notice("A kernel parameter was set", metadata: ["parameter": "\(difference)"])
            } catch {
                logger.warning("A kernel parameter cannot be set", metadata: ["parameter": "\(difference)", "error": "\(error)"])
            }
        }
    }
}
