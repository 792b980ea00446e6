import LinuxCgroups
import LinuxSystem
package import PodCore

extension ShimRuntime {
    package func stats(ofSandbox sandboxID: String) async throws(RuntimeFailure) -> SandboxStats {
        let sandbox = try sandbox(sandboxID)
        let running = sandbox.containers.filter { if case .running = $0.value.phase { true } else { false } }.keys
        return try await blocking("measure sandbox \(sandboxID)", .internal) {
            var containers: [String: ResourceStats] = [:]
            for id in running {
                do throws(CgroupError) {
                    containers[id] = try sandbox.cgroup.child(id).stats()
                } catch {
                    // It has ended and was removed since.
                    guard error.cause?.isNotFound == true else { throw error }
                }
            }
            do throws(CgroupError) {
                return SandboxStats(pod: sandbox.configuration.pod, total: try sandbox.cgroup.stats(), containers: containers)
            } catch {
                guard error.cause?.isNotFound == true else { throw error }
                throw RuntimeFailure(.notRunning, "sandbox \(sandboxID) has ended")
            }
        }
    }

    package func statsOfAllPods() async throws(RuntimeFailure) -> ResourceStats {
        try await blocking("measure all pods", .internal) { [settings] in try settings.cgroups.cgroup(PodCgroup.top).stats() }
    }
}
