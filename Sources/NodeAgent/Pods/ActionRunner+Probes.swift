import KubeModel
import PodCore

extension ActionRunner {
    /// As often a probe is run that cannot be run, before its result is unknown.
    private static let probeTries = 3

    /// Runs one probe of a container.
    /// - Parameters:
    ///   - name: the container's name in the spec.
    ///   - id: the container's id in the runtime.
    func probe(_ kind: ProbeKind, of name: String, id: String, sandboxID: String, _ snapshot: PodSnapshot) async -> ProbeResult {
        guard let container = snapshot.pod.spec.container(named: name), let probe = container.probe(kind) else {
            return .unknown(message: "container \(name) has no \(kind.rawValue.lowercased()) probe")
        }
        var result = ProbeResult.unknown(message: "")
        for _ in 0..<Self.probeTries {
            result = await run(probe, of: container, id, sandboxID, snapshot)
            guard case .unknown = result, !Task.isCancelled else { break }
        }
        return result
    }

    private func run(_ probe: Probe, of container: Container, _ id: String, _ sandboxID: String, _ snapshot: PodSnapshot) async -> ProbeResult {
        let timeout = Duration.seconds(max(probe.timeoutSeconds ?? 1, 1))
        if let exec = probe.exec {
            let command = ProbePlan.command(exec, of: container)
            return await run(
                ContainerCommand(runtime: ports.runtime, sandboxID: sandboxID, containerID: id, arguments: command, timeout: timeout))
        }
        do {
            let target = try ProbePlan.target(of: probe, container: container, podIP: podIP(snapshot))
            return await ports.probes.check(target, timeout: timeout)
        } catch {
            return .unknown(message: error.message)
        }
    }

    private func run(_ command: ContainerCommand) async -> ProbeResult {
        do throws(ContainerCommand.Failure) {
            let result = try await command.run()
            return result.exitCode == 0 ? .success(warning: nil) : .failure(message: result.output)
        } catch {
            switch error {
            case .timedOut(let message): return .failure(message: message)
            case .runtime(let message): return .unknown(message: message)
            }
        }
    }

    /// The address at which the node reaches the pod's programs.
    func podIP(_ snapshot: PodSnapshot) -> String? { facts(snapshot.pod, podIPs: snapshot.addresses).podIPs.first }
}

extension Container {
    fileprivate func probe(_ kind: ProbeKind) -> Probe? {
        switch kind {
        case .startup: startupProbe
        case .liveness: livenessProbe
        case .readiness: readinessProbe
        }
    }
}
