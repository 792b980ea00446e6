/// Checks programs over the network, from the node's network namespace. `PodProbes` conforms.
package protocol ProbeService: Sendable {
    /// Runs one check. Redirects within the host are followed. A cancelled task's check ends at once, with any result.
    /// - Parameter timeout: for the whole check, from the connection's start to the end of the answer.
    func check(_ target: ProbeTarget, timeout: Duration) async -> ProbeResult

    /// Sends a lifecycle hook's request and returns once an answer has begun, whatever its status. Redirects within the host are followed.
    /// - Parameter timeout: absent: as long as the peer keeps the connection.
    func request(_ check: HTTPCheck, timeout: Duration?) async throws(HTTPRequestFailure)
}

/// Something that a probe reaches over the network. Hosts are names or addresses without brackets.
package enum ProbeTarget: Sendable, Hashable {
    case http(HTTPCheck)
    /// Succeeds when a connection can be made.
    case tcp(host: String, port: Int)
    /// Calls `/grpc.health.v1.Health/Check` without TLS.
    /// - Parameter service: empty for the server as a whole.
    case grpc(host: String, port: Int, service: String)
}

/// Why a lifecycle hook's request got no answer.
package struct HTTPRequestFailure: Error, Sendable, Hashable {
    /// Kubelet's text, e.g. `Get "http://10.0.0.1:80/x": dial tcp 10.0.0.1:80: connect: connection refused`.
    package let message: String
    /// The request was made with TLS, and the peer answered in plain HTTP.
    package let isPlainAnswer: Bool

    package init(_ message: String, isPlainAnswer: Bool = false) {
        self.message = message
        self.isPlainAnswer = isPlainAnswer
    }
}
