import ImageStore
import LinuxSystem
import Logging
import NodeAgent
import PodCore
import PodRuntime
import PodVolumes

extension LocalParts {
    /// The looks at the parts on which pods depend.
    func health(_ pods: PodManager, _ readiness: NodeReadiness, logger: Logger) -> NodeHealth {
        let probes = [
            HealthProbe(NodeHealth.syncLoop, patience: .seconds(120)) { await pods.answer() },
            HealthProbe("container runtime", patience: .seconds(60)) { try await runtime.answer() },
            HealthProbe("image store", patience: .seconds(60)) { try await images.checkDisk() },
            HealthProbe(NodeHealth.volumes, patience: .seconds(60)) {
                if let problem = volumes.problem ?? runtime.problem { throw VolumeFailure(.busy, problem) }
            },
        ]
        return NodeHealth(probes, readiness: readiness, time: time, logger: logger)
    }

    /// `nil` where the kernel's messages are out of reach.
    func outOfMemoryWatch(_ nodeName: String, _ events: EventRecorder, logger: Logger) -> OutOfMemoryWatch? {
        do throws(SystemError) {
            let log = try KernelLog()
            return OutOfMemoryWatch(nodeName: nodeName, events: events, logger: logger) { try await log.next() }
        } catch {
            logger.notice("Messages of the kernel cannot be read; a machine without memory is not reported", metadata: ["error": "\(error)"])
            return nil
        }
    }
}
