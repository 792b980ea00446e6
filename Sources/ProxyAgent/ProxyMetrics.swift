import Addresses
package import Exposition
import KubeModel
import MetricsStore
package import ProxyCore

/// The proxy's families whose values follow from its present state.
package enum ProxyMetrics {
    /// - Parameter pending: the numbers of Services and slices whose changes wait for a sync.
    package static func write(
        _ status: ProxyStatus, _ gaps: LocalEndpointGaps, pending: (services: Int, slices: Int), into writer: inout ExpositionWriter
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
        for (family, name) in zip([IPAddress.Family.v4, .v6], SyncMeter.families) {
            for policy in LocalEndpointGaps.Policy.allCases {
                writer.sample(.proxyNoLocalEndpoints, name, policy.rawValue, value: Double(gaps[family, policy]))
            }
        }
    }
}
