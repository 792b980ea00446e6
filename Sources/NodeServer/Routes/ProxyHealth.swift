import HTTPTypes
package import KubeModel
import NIOCore

/// The state of the Service proxy as load balancers and cluster autoscalers ask for it, in kube-proxy's words.
package struct ProxyHealth: Sendable {
    /// How long rules may be out of date before the proxy counts as unhealthy, in seconds.
    private static let patience = 60.0

    /// When the rules last agreed with the API; `nil` before the first time.
    package var lastSync: Timestamp?
    /// Since when they have not; `nil` while they do.
    package var pendingSince: Timestamp?
    /// The node is to get traffic from load balancers: it is not being deleted.
    package var isNodeEligible: Bool

    package init(lastSync: Timestamp?, pendingSince: Timestamp?, isNodeEligible: Bool) {
        self.lastSync = lastSync
        self.pendingSince = pendingSince
        self.isNodeEligible = isNodeEligible
    }

    package func isHealthy(at now: Timestamp) -> Bool {
        guard lastSync != nil, let pendingSince else { return true }
        return now.timeInterval(since: pendingSince) < Self.patience
    }

    /// `/healthz`, which load balancers ask: also the node counts.
    package func healthz(at now: Timestamp) -> HTTPAnswer {
        answer(isHealthy(at: now) && isNodeEligible, now, eligible: "\"nodeEligible\":\(isNodeEligible),")
    }

    /// `/livez`: the proxy alone.
    package func livez(at now: Timestamp) -> HTTPAnswer { answer(isHealthy(at: now), now, eligible: "") }

    private func answer(_ isGood: Bool, _ now: Timestamp, eligible: String) -> HTTPAnswer {
        func text(_ time: Timestamp?) -> String { "\"\(time?.rfc3339(fractionDigits: 9) ?? "0001-01-01T00:00:00Z")\"" }
        let isHealthy = isHealthy(at: now)
        let families =
            lastSync == nil
            ? ""
            : ["IPv4", "IPv6"].map { "\"\($0)\":{\"lastUpdated\":\(text(lastSync)),\"healthy\":\(isHealthy)}" }
                .joined(separator: ",")
        let body =
            "{\"lastUpdated\":\(text(isGood ? now : lastSync)),\"currentTime\":\(text(now)),\(eligible)\"healthy\":\(isHealthy),"
            + "\"status\":{\(families)}}"
        return HTTPAnswer(
            status: isGood ? .ok : .serviceUnavailable, contentType: "application/json", body: .bytes(ByteBuffer(string: body)))
    }
}
