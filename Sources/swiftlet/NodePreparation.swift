import LinuxSystem
import Logging
import NodeAgent
import PodCore
import PodRuntime

/// What has to hold on the machine before pods run on it.
struct NodePreparation {
    let local: LocalParts
    let settings: NodeSettings
    let logger: Logger

    init(_ local: LocalParts, _ settings: NodeSettings, logger: Logger) {
        self.local = local
        self.settings = settings
        self.logger = logger
    }

    func run() async throws {
        try await BlockingPool.shared.run("look at swap and kernel parameters") {
            try NodeResources.checkSwap(try HostFacts.swapAreas(), isRefused: local.configuration.kubelet.failSwapOn)
            try adjustKernel()
        }
        let limits = try NodeResources.limits(
            of: try await local.host.describe(), reserved: settings.reserved, enforcement: local.configuration.kubelet.enforceNodeAllocatable)
        let missing = try await local.runtime.limitAllPods(limits)
        if !missing.isEmpty {
            logger.warning(
                "What is reserved for the system is not enforced: this host's cgroup v2 hierarchy lacks controllers.",
                metadata: ["limits": "\(missing.joined(separator: ", "))"])
        }
    }

    /// Sets kernel parameters, or insists on them where they are not the agent's to set.
    private func adjustKernel() throws {
        let kernel = KernelParameters()
        let differences = try kernel.differences(from: NodeResources.kernelParameters)
        guard !differences.isEmpty else { return }
        if local.configuration.kubelet.protectKernelDefaults {
            throw PlanFailure(
                "protectKernelDefaults is true and kernel parameters differ: " + differences.map(\.description).joined(separator: "; ")
                    + "; set them with sysctl, or remove protectKernelDefaults to have them set")
        }
        let swiftlet = local.configuration.swiftlet
        guard swiftlet.setKernelParameters, swiftlet.requireControllers else { return }
        for difference in differences {
            do throws(SystemError) {
                try kernel.set(difference.name, to: difference.wanted)
                logger.notice("A kernel parameter was set.", metadata: ["parameter": "\(difference)"])
            } catch {
                logger.warning("A kernel parameter cannot be set.", metadata: ["parameter": "\(difference)", "error": "\(error)"])
            }
        }
    }
}
