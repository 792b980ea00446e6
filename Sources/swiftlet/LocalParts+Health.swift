import LinuxSystem
import Logging
import NodeAgent
import PodCore
import PodRuntime
import PodVolumes

extension LocalParts {
    /// The looks at the parts on which pods depend.
    func health(_ pods: PodManager, _ readiness: NodeReadiness, logger: Logger) -> NodeHealth {
        let probes =
            [
                HealthProbe(NodeHealth.syncLoop, patience: .seconds(120)) { await pods.answer() },
                HealthProbe("container runtime", patience: .seconds(60)) { try await runtime.answer() },
                HealthProbe(NodeHealth.volumes, patience: .seconds(60)) {
                    if let problem = volumes.problem ?? runtime.problem { throw VolumeFailure(.busy, problem) }
                },
            ]
            + disks.map { name, path in
                let disk = DiskHealth(path)
                return HealthProbe(name, patience: .seconds(60)) { try await disk.check() }
            }
        return NodeHealth(probes, readiness: readiness, time: time, logger: logger)
    }

    /// The folders that pods cannot do without. Several may be on one file system.
    private var disks: [(name: String, path: String)] {
        let process = configuration.process
        return [
            ("image store", configuration.swiftlet.imageRoot), ("root directory", process.rootDirectory), ("run directory", process.runDirectory),
            ("state directory", process.stateDirectory), ("log folder", configuration.kubelet.podLogsDir),
        ]
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
