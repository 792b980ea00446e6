import Addresses
import KubeClient
import KubeModel
import Logging
import NodeAgent
import NodeServer
import PodCore
import PodRuntime
import ProxyAgent
import ProxyCore
import ServiceLifecycle
import Timing

/// The node's endpoints.
struct ServerParts: Sendable {
    let services: [any ServiceLifecycle.Service]
    let credentials: ServingCredentials

    init(
        _ configuration: AgentConfiguration, settings: NodeSettings, node: NodeParts, local: LocalParts, client: KubeClient,
        serving: ServingFiles,
        logger: Logger
    ) throws {
        let kubelet = configuration.kubelet
        let time = local.time
        let view = AgentView(
            pods: node.pods, reporter: node.reporter, readiness: node.readiness, health: node.health, client: client, settings: settings,
            startedAt: time.wallTime().wholeSeconds, serviceLevels: node.metrics.serviceLevels)
        credentials = try ServingCredentials(files: serving, policy: Self.policy(kubelet), logger: logger)
        let reviews = ReviewClient(
            client,
            times: .init(token: kubelet.webhookAuthenticationCacheTTL, allowed: kubelet.cacheAuthorizedTTL, denied: kubelet.cacheUnauthorizedTTL))
        let access = AccessControl(
            nodeName: settings.name, reviewer: reviews, allowsAnonymous: kubelet.anonymousAuthentication,
            reviewsTokens: kubelet.webhookAuthentication,
            allowsEverything: kubelet.authorizationMode == .alwaysAllow, logger: logger)
        let pages = AgentPages(
            .init(
                pods: node.pods, version: { node.version }, events: node.events, health: { view.checks },
                certificates: { [credentials] in
                    var figures = CertificateFigures()
                    figures.clientExpiry = client.clientCertificate?.notAfter
                    figures.serverExpiry = credentials.end
                    return figures
                }, claims: { await node.statistics.claims() }, recorded: node.metrics.node, serviceLevels: node.metrics.serviceLevels),
            nodeName: settings.name, settings: kubelet, time: time)
        let proxy = ProxyReport(agent: node.proxy)
        let nodePage = NodePageAnswer(view: view, statistics: node.statistics, services: proxy, time: time)
        var services: [any ServiceLifecycle.Service] = [
            NodeEndpointServer(
                address: .tcp(host: kubelet.address, port: kubelet.port), credentials: credentials, access: access, view: view,
                runtime: node.runtime, ports: local.runtime, pages: pages, statistics: node.statistics,
                systemLogs: kubelet.enableSystemLogHandler ? SystemLogs(source: NodeLogs(), answersQueries: kubelet.enableSystemLogQuery) : nil,
                nodePage: nodePage, servesDebuggingPaths: kubelet.enableDebuggingHandlers, nodeName: settings.name, metrics: node.metrics.node,
                streamTimes: StreamTimes(idle: kubelet.streamingConnectionIdleTimeout), time: time, logger: logger,
                onConnectionEnd: { [node] in node.connectionEnded.yield() }),
            AdminServer(
                path: configuration.swiftlet.adminSocket, view: view, runtime: local.runtime, proxy: proxy,
                images: ImageDesk(
                    store: local.images, agent: (collector: node.images, users: NodeImageUsers(runtime: local.runtime, volumes: local.volumes))),
                network: NetworkDesk(network: local.network, cni: local.cni, sandboxes: node.sandboxes), nodePage: nodePage, time: time,
                logger: logger),
        ]
        if kubelet.healthzPort > 0 {
            services.append(HealthServer(address: .tcp(host: kubelet.healthzBindAddress, port: kubelet.healthzPort), view: view, logger: logger))
        }
        if configuration.proxy.healthzPort > 0 {
            services.append(
                ProxyHealthServer(
                    address: .tcp(host: configuration.proxy.healthzAddress, port: configuration.proxy.healthzPort), metrics: node.metrics.proxy,
                    time: time, logger: logger
                ) { Self.proxyHealth(node) })
        }
        if configuration.proxy.metricsPort > 0 {
            services.append(
                ProxyMetricsServer(
                    address: .tcp(host: configuration.proxy.metricsAddress, port: configuration.proxy.metricsPort), time: time, logger: logger
                ) {
                    await node.metrics.page(of: node.proxy, node.directory, version: node.version)
                })
        }
        services.append(
            ServiceHealthServer(
                checks: node.proxy.healthChecks.map { $0.flatMap(Self.places) }, time: time, logger: logger,
                isProxyHealthy: { Self.proxyHealth(node).isHealthy(at: time.wallTime()) },
                failed: { check, error in
                    logger.error(
                        "A Service's health check is not served; trying again",
                        metadata: ["service": "\(check.namespace)/\(check.service)", "error": "\(error)"])
                }))
        self.services = services
    }

    private static func policy(_ kubelet: KubeletSettings) -> ServingTLSPolicy {
        let minimum: ServingTLSPolicy.Version =
            switch kubelet.tlsMinVersion {
            case .tls10: .tls10
            case .tls11: .tls11
            case .tls12: .tls12
            case .tls13: .tls13
            }
        return ServingTLSPolicy(minimum: minimum, cipherSuites: kubelet.tlsCipherSuites)
    }

    private static func proxyHealth(_ node: NodeParts) -> ProxyHealth {
        let status = node.proxy.status
        let own = node.reporter.node
        let isLeaving = own?.metadata.deletionTimestamp != nil || own?.spec?.taints?.contains { $0.key == "ToBeDeletedByClusterAutoscaler" } == true
        return ProxyHealth(lastSync: status.lastSync, pendingSince: status.pendingSince, isNodeEligible: own != nil && !isLeaving)
    }

    /// Every address of one family is every address of both: a Service with both has one listener.
    private static func places(_ check: ServiceHealthCheck) -> [ServiceHealth] {
        check.addresses.map {
            ServiceHealth(
                place: ServiceHealth.Place(address: $0.isUnspecified ? "0.0.0.0" : "\($0)", port: Int(check.port)), namespace: check.namespace,
                service: check.service,
                localEndpoints: check.localEndpoints)
        }
    }
}
