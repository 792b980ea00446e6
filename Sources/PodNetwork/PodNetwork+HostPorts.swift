package import PodCore

extension PodNetwork {
    package func forwardHostPorts(of sandbox: SandboxNetwork) async throws(NetworkFailure) {
        if assignments[sandbox.sandboxID] != nil { identities[sandbox.sandboxID] = sandbox.pod }
        try await hostPorts.add(sandbox)
        do throws(NetworkFailure) {
            try await adjustLoopback()
        } catch {
            try? await hostPorts.remove(sandbox.sandboxID)
            throw error
        }
    }

    /// Opens the way from 127.0.0.1 to pods once the host ports' rules guard the node's loopback, and closes it before they go.
    func adjustLoopback() async throws(NetworkFailure) {
        guard isSetUp, hostPorts.forwardsIPv4(without: leavingPorts) != opensLoopback else { return }
        let repair = try await repair()
        let failure = repair.failed.first { failure in
            if case .writeParameter(let parameter) = failure.defect.remedy { parameter.name.hasSuffix("/route_localnet") } else { false }
        }
        guard let failure else { return }
        throw NetworkFailure(
            .kernel, "the way from 127.0.0.1 to host ports: \(failure.defect.found), wanted \(failure.defect.wanted): \(failure.reason)")
    }
}
