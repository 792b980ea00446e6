import Addresses
package import Exposition
import KubeModel
import MetricsStore
package import ProxyCore

/// The proxy's families whose values follow from its present state.
package enum ProxyMetrics {
    /// - Parameter pending: the numbers of Services and slices whose changes wait for a sync.
    package static func write(
        _ status: ProxyStatus, _ entries: some Sequence<ServiceEntry>, pending: (services: Int, slices: Int), into writer: inout ExpositionWriter
    ) {
        writer.family(.proxyEndpointChangesPending, value: Double(pending.slices))
        writer.family(.proxyServiceChangesPending, value: Double(pending.services))
        func byFamily(_ family: MetricFamily, _ value: Double) {
            writer.family(family)
            for name in SyncMeter.families { writer.sample(family, name, value: value) }
        }
        if let time = status.lastQueued { byFamily(.proxyLastQueued, time.timeInterval(since: Timestamp(seconds: 0))) }
        if let time = status.lastSync { byFamily(.proxyLastSync, time.timeInterval(since: Timestamp(seconds: 0))) }
        byFamily(.proxySyncFailures, Double(status.failures))
        writer.family(.proxyNoLocalEndpoints)
        let places = SyncMeter.families.flatMap { name in ["external", "internal"].map { (name: name, policy: $0) } }
        var counts = places.map { _ in 0 }
        for entry in entries {
            for (index, place) in places.enumerated() where entry.lacksLocalEndpoints(place.policy, place.name) { counts[index] += 1 }
        }
        for (place, count) in zip(places, counts) { writer.sample(.proxyNoLocalEndpoints, place.name, place.policy, value: Double(count)) }
    }
}

extension ServiceEntry {
    /// Whether a policy that asks for endpoints of this node finds none of those that there are.
    fileprivate func lacksLocalEndpoints(_ policy: String, _ name: String) -> Bool {
        guard (family == .v4) == (name == "IPv4"), hasEndpoints, localEndpoints.isEmpty else { return false }
        if policy == "internal" { return internalPolicy == .local }
        return externalPolicy == .local && (nodePort != nil || !externalIPs.isEmpty || !loadBalancerIPs.isEmpty)
    }
}
