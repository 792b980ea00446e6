import HTTPUpgrade
import ImageStore
import KubeClient
import KubeModel
import LinuxCgroups
import LinuxNetlink
import LinuxNftables
import LinuxSystem
import Logging
import NodeAgent
import NodeServer
import PodCore
import PodNetwork
import PodProbes
import PodRuntime
import PodVolumes
import ProxyAgent
import ServiceLifecycle
import Timing
import UnixSignals

/// Builds the parts in the order of their dependencies and runs them until a signal comes.
enum Agent {
    static func run(_ configuration: AgentConfiguration, logger: Logger) async throws {
        let local = try await LocalParts(configuration, logger: logger)
        let outcome: Result<Void, any Error>
        do {
            try await run(local, configuration, logger: logger)
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }
        await local.memory.flush()
        await local.images.shutdown()
        try outcome.get()
    }

    private static func run(_ local: LocalParts, _ configuration: AgentConfiguration, logger: Logger) async throws {
        let settings = try await local.nodeSettings()
        let enforcement = try await NodePreparation(local, settings, logger: logger).run()
        let metrics = AgentMetrics()
        let options = ClientOptions(
            version: Version.swiftlet, queriesPerSecond: Double(configuration.kubelet.kubeAPIQPS), burst: configuration.kubelet.kubeAPIBurst,
            metrics: metrics.node, logger: logger)
        let identity = NodeIdentity(configuration, nodeName: settings.name)
        let access = try await NodeBootstrap.access(identity, options: options)
        let client = try KubeClient(access, options: options)
        defer { client.shutdown() }
        // A key or certificate that cannot be read does not become better by waiting; a plugin's answer may.
        if access.plugin == nil { try await client.checkCredentials() }
        if let host = access.serverHost { await local.network.setServer { await Self.addresses(ofServer: host) } }
        let (reading, ends) = try await servicesClient(configuration.proxy, client, metrics, logger: logger)
        defer { if ends { reading.shutdown() } }
        let node = try NodeParts(
            configuration, settings: settings, local: local, client: client, services: reading, metrics: metrics, logger: logger)
        node.events.record(enforcement, aboutNode: settings.name)
        try await node.pods.recover()
        let serving = try await local.servingFiles(identity.directory, settings)
        let servers = try ServerParts(configuration, settings: settings, node: node, local: local, client: client, serving: serving, logger: logger)
        let keepers = CertificateParts(
            configuration, identity: identity, client: client, node: node, serving: servers.credentials, time: local.time, logger: logger)
        let group = ServiceGroup(
            configuration: .init(
                services: (node.services + servers.services + keepers.services
                    + systemd(SystemdNotification(), node.pods, local.time)).map { .init(service: $0) },
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        logger.info(
            "swiftlet is running",
            metadata: [
                "version": "\(Version.swiftlet)", "node": "\(settings.name)", "server": "\(access.server)",
                "config": "\(configuration.process.kubeconfig)",
            ])
        try await group.run()
    }

    /// None while the resolver does not answer: the status of the node does not wait for it.
    private static func addresses(ofServer host: String) async -> [String] {
        (try? await BlockingPool.shared.run("look up the API server", deadline: .seconds(5)) { HostLookup.addresses(of: host) }) ?? []
    }

    /// Returns the client for Services and EndpointSlices, and whether the caller has to shut it down.
    private static func servicesClient(_ proxy: ProxySettings, _ client: KubeClient, _ metrics: AgentMetrics, logger: Logger) async throws -> (
        KubeClient, ends: Bool
    ) {
        guard let path = proxy.kubeconfig else { return (client.limited(queriesPerSecond: proxy.qps, burst: proxy.burst), false) }
        let access: ClusterAccess
        do {
            access = try await Kubeconfig.load(path)
        } catch let error as APIError where error.code == .missingFile {
            // The file that kubeadm's configuration names is only inside kube-proxy's own pod.
            logger.warning(
                "Services are read with the node's own identity: the file of clientConnection.kubeconfig is missing", metadata: ["file": "\(path)"]
            )
            return (client.limited(queriesPerSecond: proxy.qps, burst: proxy.burst), false)
        } catch {
            throw ConfigurationError(
                .badValue, place: path, field: "clientConnection.kubeconfig of KubeProxyConfiguration",
                reason: "\(error); copy that file here, or remove the field to use the node's own identity")
        }
        let options = ClientOptions(
            version: Version.swiftlet, queriesPerSecond: proxy.qps, burst: proxy.burst, metrics: metrics.node, logger: logger)
        return (try KubeClient(access, options: options), true)
    }

    /// Returns the part that reports to the service manager: after local recovery, without waiting for the API server.
    private static func systemd(_ notification: SystemdNotification?, _ pods: PodManager, _ time: SystemTime) -> [any ServiceLifecycle.Service] {
        guard let notification else { return [] }
        return [
            Part {
                try await Watchdog(
                    interval: notification.watchdogInterval, time: time, isAlive: { await pods.answer() }, send: { try notification.send($0) }
                ).run()
                try await gracefulShutdown()
            }
        ]
    }
}
