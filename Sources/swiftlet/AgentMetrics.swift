import Exposition
import MetricsStore
import ProxyAgent

/// The recorded metrics, by the page that shows them.
struct AgentMetrics: Sendable {
    let node = MetricsRegistry(Catalogue.node)
    let serviceLevels = MetricsRegistry(Catalogue.serviceLevels)
    let proxy = MetricsRegistry(Catalogue.proxy)

    /// The proxy's page, as kube-proxy has it.
    func page(of agent: ProxyAgent, _ directory: ServiceDirectory, version: String?) async -> [UInt8] {
        var writer = ExpositionWriter()
        ProxyMetrics.write(agent.status, agent.localEndpointGaps, pending: directory.pending, into: &writer)
        if let version { BuildInfo.write(version, into: &writer) }
        if let figures = await ProcessMetrics.read() { ProcessMetrics.write(figures, into: &writer) }
        proxy.write(into: &writer)
        return writer.bytes
    }
}
