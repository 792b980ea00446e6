import PodCore
import Synchronization

/// Probes over the network whose results the test decides; what is asked for is noted.
final class FakeProbes: ProbeService {
    struct State {
        /// The next results, one for each; later checks succeed.
        var results: [ProbeResult] = []
        /// The next failures of hooks' requests; later requests succeed.
        var failures: [HTTPRequestFailure] = []
        var targets: [ProbeTarget] = []
        var requests: [HTTPCheck] = []
        var timeouts: [Duration?] = []
    }

    let state = Mutex(State())

    func check(_ target: ProbeTarget, timeout: Duration) async -> ProbeResult {
        state.withLock { state in
            state.targets.append(target)
            state.timeouts.append(timeout)
            return state.results.isEmpty ? .success(warning: nil) : state.results.removeFirst()
        }
    }

    func request(_ check: HTTPCheck, timeout: Duration?) async throws(HTTPRequestFailure) {
        let failure = state.withLock { state in
            state.requests.append(check)
            state.timeouts.append(timeout)
            return state.failures.isEmpty ? nil : state.failures.removeFirst()
        }
        if let failure { throw failure }
    }
}
