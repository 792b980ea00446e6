import PodCore

extension AgentPorts: ProbeService {
    func check(_ target: ProbeTarget, timeout: Duration) async -> ProbeResult {
        guard await pass() else { return .unknown(message: "no answer") }
        if world.fails(oneIn: 30) { return .unknown(message: "no answer") }
        return world.fails(oneIn: 8) ? .failure(message: "no") : .success(warning: nil)
    }

    func request(_ check: HTTPCheck, timeout: Duration?) async throws(HTTPRequestFailure) {
        guard await pass(), !world.fails(oneIn: 8) else { throw HTTPRequestFailure("no") }
    }
}
