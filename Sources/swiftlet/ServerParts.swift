import KubeClient
import KubeModel
import Logging
import NodeAgent
import NodeServer
import PodCore
import ServiceLifecycle
import Timing

/// The node's endpoints.
struct ServerParts: Sendable {
    let services: [any ServiceLifecycle.Service]

    init(
        _ configuration: AgentConfiguration, settings: NodeSettings, node: NodeParts, local: LocalParts, client: KubeClient,
        serving: ServingCertificate,
        logger: Logger
    ) throws {
        let kubelet = configuration.kubelet
        let time = local.time
        let view = AgentView(
            pods: node.pods, reporter: node.reporter, readiness: node.readiness, health: node.health, client: client, settings: settings,
            startedAt: time.wallTime().wholeSeconds)
        let credentials = try ServingCredentials(
            files: ServingFiles(certificate: serving.certificatePath, key: serving.keyPath, clientCA: kubelet.clientCAFile), logger: logger)
        let reviews = ReviewClient(
            client,
            times: .init(token: kubelet.webhookAuthenticationCacheTTL, allowed: kubelet.cacheAuthorizedTTL, denied: kubelet.cacheUnauthorizedTTL))
        let access = AccessControl(
            nodeName: settings.name, reviewer: reviews, allowsAnonymous: kubelet.anonymousAuthentication,
            reviewsTokens: kubelet.webhookAuthentication,
            allowsEverything: kubelet.authorizationMode == .alwaysAllow, logger: logger)
        var services: [any ServiceLifecycle.Service] = [
            NodeEndpointServer(
                address: .tcp(host: kubelet.address, port: kubelet.port), credentials: credentials, access: access, view: view,
                runtime: local.runtime, ports: local.runtime, streamTimes: StreamTimes(idle: kubelet.streamingConnectionIdleTimeout), time: time,
                logger: logger),
            AdminServer(
                path: configuration.swiftlet.adminSocket, view: view, runtime: local.runtime, proxy: ProxyReport(agent: node.proxy),
                images: ImageDesk(
                    store: local.images, agent: (collector: node.images, users: NodeImageUsers(runtime: local.runtime, volumes: local.volumes))),
                network: NetworkDesk(network: local.network, sandboxes: node.sandboxes), time: time, logger: logger),
        ]
        if kubelet.healthzPort > 0 {
            services.append(HealthServer(address: .tcp(host: kubelet.healthzBindAddress, port: kubelet.healthzPort), view: view, logger: logger))
        }
        self.services = services
    }
}
