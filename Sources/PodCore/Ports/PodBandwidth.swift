import KubeModel

/// The most that a pod may receive and send, in bits per second: the annotations `kubernetes.io/ingress-bandwidth` and
/// `kubernetes.io/egress-bandwidth`. They are read when the pod gets its interface.
package struct PodBandwidth: Sendable, Hashable {
    /// From the network to the pod; `nil` for no limit.
    package var ingress: Int64?
    /// From the pod to the network; `nil` for no limit.
    package var egress: Int64?

    private static let bounds: ClosedRange<Int64> = 1000...1_000_000_000_000_000

    package init(ingress: Int64? = nil, egress: Int64? = nil) {
        self.ingress = ingress
        self.egress = egress
    }

    /// - Throws: `.invalidBandwidth`: a pod without the limit that it asks for could take the network from all others.
    package init(annotations: [String: String]?) throws(NetworkFailure) {
        self.init(
            ingress: try Self.rate("kubernetes.io/ingress-bandwidth", annotations),
            egress: try Self.rate("kubernetes.io/egress-bandwidth", annotations))
    }

    private static func rate(_ name: String, _ annotations: [String: String]?) throws(NetworkFailure) -> Int64? {
        guard let text = annotations?[name] else { return nil }
        guard let quantity = Quantity(text), bounds.contains(quantity.value) else {
            throw NetworkFailure(.invalidBandwidth, "annotation \(name): found \"\(text)\", wanted bits per second from 1k to 1P, such as 10M")
        }
        return quantity.value
    }
}
