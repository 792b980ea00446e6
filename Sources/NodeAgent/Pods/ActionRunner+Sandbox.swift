import KubeModel
import Logging
import MetricsStore
import PodCore
import Timing

extension ActionRunner {
    func createSandbox(attempt: Int, _ snapshot: PodSnapshot) async -> PodEvent? {
        let pod = snapshot.pod
        do throws(PlanFailure) { try pod.checkDeviceClaims() } catch { return .devicesMissing(message: error.message) }
        if !pod.spec.usesHostNetwork, !(await ports.network.isSetUp) { return .networkMissing }
        let context = context()
        let id = makeID()
        var handler = ""
        metrics.count(.startedPods)
        do {
            handler = try await runtimeHandler(of: pod, context.runtimeHandlers)
            let hostname = try PodHostname(of: pod, nodeName: context.nodeName, clusterDomain: context.clusterDomain)
            let configuration = try SandboxPlan.configuration(
                of: pod, id: id, attempt: attempt, hostname: hostname.kernelName, resources: context.resources, sysctls: context.sysctls)
            sandboxes.set(id, podUID: pod.uid)
            let began = time.now()
            let started = try await ports.runtime.createSandbox(configuration)
            metrics.observe(.runSandbox, handler, duration: time.now() - began)
            let addresses: [String]
            do {
                addresses = try await attach(started, configuration, snapshot)
            } catch {
                metrics.count(.startedPodsErrors)
                return .sandboxFailed(message: "\(error)", remains: id)
            }
            if !started.notEnforced.isEmpty, configuration.resources.hasLimits {
                logger.notice(
                    "Limits of a pod are not enforced because this host's cgroup v2 hierarchy lacks their controllers",
                    metadata: ["pod": "\(snapshot.identity)", "limits": "\(started.notEnforced.joined(separator: ", "))"])
            }
            return .sandboxCreated(started, addresses: addresses)
        } catch {
            metrics.count(.startedPodsErrors)
            if error is RuntimeFailure { metrics.count(.runSandboxErrors, handler) }
            sandboxes.remove(id)
            return .sandboxFailed(message: "\(error)")
        }
    }

    /// Returns the handler of the pod's RuntimeClass; empty without one. All handlers of this node lead to one runtime: a class decides only whether the
    /// pod may run here.
    private func runtimeHandler(of pod: Pod, _ handlers: [String]) async throws -> String {
        guard let name = pod.spec.runtimeClassName, !name.isEmpty else { return "" }
        guard let handler = try await ports.objects.runtimeHandler(ofClass: name) else {
            throw PlanFailure("runtimeclass.node.k8s.io \"\(name)\" not found")
        }
        guard handler.isEmpty || handlers.contains(handler) else {
            let known = handlers.isEmpty ? "none" : handlers.joined(separator: ", ")
            throw PlanFailure(
                "failed to get sandbox runtime: no runtime for \"\(handler)\" is configured; the handlers of this node are: \(known) (runtimeHandlers)"
            )
        }
        return handler
    }

    private func attach(_ started: StartedSandbox, _ configuration: SandboxConfiguration, _ snapshot: PodSnapshot) async throws -> [String] {
        guard !snapshot.pod.spec.usesHostNetwork else { return [] }
        var sandbox = SandboxNetwork(sandboxID: started.id, pod: configuration.pod, addresses: [], hostPorts: configuration.hostPorts ?? [])
        let addresses = try await ports.network.attach(
            sandbox, networkNamespacePath: started.networkNamespacePath, bandwidth: PodBandwidth(annotations: snapshot.pod.metadata.annotations))
        sandbox.addresses = addresses
        // Before the record, from which the next agent takes the ports of each sandbox: a sandbox whose port was refused must not be recorded with it.
        try await ports.network.forwardHostPorts(of: sandbox)
        try await ports.runtime.record(addresses: addresses, ofSandbox: started.id)
        return addresses
    }

    func stopSandbox(_ id: String) async -> PodEvent? {
        do {
            // Plugins find what they have made by the namespace, which ends with the sandbox.
            if ports.network.isMadeByPlugins { try await ports.network.detach(sandboxID: id) }
            try await ports.runtime.stopSandbox(id)
            try await ports.network.detach(sandboxID: id)
            return .sandboxStopped
        } catch {
            return .sandboxStopFailed(message: "\(error)")
        }
    }

    func cleanUp(_ sandboxIDs: [String], _ snapshot: PodSnapshot) async -> PodEvent? {
        do {
            for id in sandboxIDs { try await ports.network.detach(sandboxID: id) }
            try await ports.volumes.tearDown(podUID: snapshot.identity.uid)
            await tokens.forget(podUID: snapshot.identity.uid)
            return .cleanedUp
        } catch {
            return .cleanUpFailed(message: "\(error)")
        }
    }

    /// After a failure, the next sandbox or the pod's end tries again.
    func removeSandbox(_ id: String, _ snapshot: PodSnapshot) async -> PodEvent? {
        do {
            try await ports.runtime.removeSandbox(id)
            sandboxes.remove(id)
            return .sandboxRemoved(id: id)
        } catch {
            logger.warning(
                "An earlier sandbox of a pod cannot be removed", metadata: ["pod": "\(snapshot.identity)", "sandbox": "\(id)", "error": "\(error)"])
            return nil
        }
    }

    func removeSandboxes(_ ids: [String], _ snapshot: PodSnapshot) async -> PodEvent? {
        do {
            for id in ids {
                try await ports.runtime.removeSandbox(id)
                sandboxes.remove(id)
            }
            return .cleanedUp
        } catch {
            return .cleanUpFailed(message: "\(error)")
        }
    }

    func removeRemains(_ snapshot: PodSnapshot) async -> PodEvent? {
        do {
            try await ports.folders.removeAll(of: snapshot.identity)
            return .cleanedUp
        } catch {
            return .cleanUpFailed(message: "\(error)")
        }
    }
}

extension CgroupResources {
    var hasLimits: Bool { cpuLimit != nil || memoryLimit != nil || pidsLimit != nil || !hugepageLimits.isEmpty }
}
