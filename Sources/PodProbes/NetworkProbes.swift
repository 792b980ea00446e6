import NIOCore
package import PodCore

/// Probes and lifecycle hooks over the network. Every check makes one connection of its own and keeps none.
package struct NetworkProbes: ProbeService {
    package init() {}

    package func check(_ target: ProbeTarget, timeout: Duration) async -> ProbeResult {
        let deadline = NIODeadline.now() + TimeAmount(timeout)
        switch target {
        case .http(let check): return await HTTPProbe(check, deadline: deadline).result()
        case .tcp(let host, let port): return await TCPProbe(host: host, port: port).check(deadline: deadline)
        case .grpc(let host, let port, let service):
            return await GRPCProbe(host: host, port: port, service: service, timeout: timeout).check(deadline: deadline)
        }
    }

    package func request(_ check: HTTPCheck, timeout: Duration?) async throws(HTTPRequestFailure) {
        let deadline = timeout.map { NIODeadline.now() + TimeAmount($0) }
        do throws(HTTPFailure) {
            _ = try await HTTPProbe(check, deadline: deadline, bodyLimit: 0).answer()
        } catch {
            throw HTTPRequestFailure(error.text, isPlainAnswer: error.kind == .plainAnswer)
        }
    }
}
