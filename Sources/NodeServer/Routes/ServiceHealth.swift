import HTTPTypes
import NIOCore

/// A port at which a load balancer asks whether the node has endpoints of a Service (`healthCheckNodePort`).
package struct ServiceHealth: Sendable, Hashable {
    /// Where to listen.
    package struct Place: Sendable, Hashable {
        package let address: String
        package let port: Int

        package init(address: String, port: Int) {
            self.address = address
            self.port = port
        }
    }

    package let place: Place
    package let namespace: String
    package let service: String
    /// Ready endpoints on this node.
    package let localEndpoints: Int

    package init(place: Place, namespace: String, service: String, localEndpoints: Int) {
        self.place = place
        self.namespace = namespace
        self.service = service
        self.localEndpoints = localEndpoints
    }

    /// kube-proxy's answer, byte by byte. Any path and method gets it.
    package func answer(isProxyHealthy: Bool) -> HTTPAnswer {
        let body = """
            {
            \t"service": {
            \t\t"namespace": "\(namespace)",
            \t\t"name": "\(service)"
            \t},
            \t"localEndpoints": \(localEndpoints),
            \t"serviceProxyHealthy": \(isProxyHealthy)
            }
            """
        var answer = HTTPAnswer(
            status: localEndpoints > 0 && isProxyHealthy ? .ok : .serviceUnavailable, contentType: "application/json",
            body: .bytes(ByteBuffer(string: body)))
        if let weight = HTTPField.Name("X-Load-Balancing-Endpoint-Weight") { answer.headers[weight] = String(localEndpoints) }
        return answer
    }
}
