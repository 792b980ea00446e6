import AsyncHTTPClient
import MetricsStore
import NIOCore
import NIOHTTP1
import Timing

extension KubeClient {
    /// Sends a call and returns once its answer begins. Each is counted, also those that get no answer.
    func execute(_ call: APICall, on client: HTTPClient, token: String?) async throws -> HTTPClientResponse {
        let began = options.time.now()
        do {
            // A deadline of the caller's ends the call; the library's own is far behind it.
            let response = try await client.execute(request(call, token: token), deadline: .now() + .hours(1))
            note(call, code: String(response.status.code), since: began)
            return response
        } catch {
            note(call, code: "<error>", since: began)
            throw error
        }
    }

    private func note(_ call: APICall, code: String, since began: Duration) {
        let host = transport.server.authority
        options.metrics.count(.clientRequests, code, host, call.method)
        options.metrics.observe(.clientRequestDuration, host, call.method, duration: options.time.now() - began)
    }

    /// Counts how long a call has waited for its turn.
    func noteWait(_ call: APICall, since began: Duration) {
        options.metrics.observe(.clientRateLimiter, transport.server.authority, call.method, duration: options.time.now() - began)
    }
}
