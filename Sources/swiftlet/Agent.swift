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
import PodRuntime
import PodVolumes
import ProxyAgent
import ServiceLifecycle
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
        await local.images.shutdown()
        try outcome.get()
    }

    private static func run(_ local: LocalParts, _ configuration: AgentConfiguration, logger: Logger) async throws {
        let settings = try await local.nodeSettings()
        let options = ClientOptions(
            version: Version.swiftlet, queriesPerSecond: Double(configuration.kubelet.kubeAPIQPS), burst: configuration.kubelet.kubeAPIBurst, logger: logger)
        let certificates = CertificateDirectory(configuration.process.rootDirectory + "/pki")
        let access = try await NodeBootstrap.access(
            kubeconfigPath: configuration.process.kubeconfig, bootstrapPath: configuration.process.bootstrapKubeconfig, nodeName: settings.name,
            directory: certificates, options: options)
        let client = try KubeClient(access, options: options)
        defer { client.shutdown() }
        let node = try NodeParts(configuration, settings: settings, local: local, client: client, logger: logger)
        try await node.pods.recover()
        let serving = try await local.servingCertificate(certificates, settings)
        let servers = try ServerParts(configuration, settings: settings, node: node, local: local, client: client, serving: serving, logger: logger)
        let group = ServiceGroup(
            configuration: .init(
                services: (node.services + servers.services + systemd(SystemdNotification())).map { .init(service: $0) },
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        logger.info(
            "swiftlet is running.",
            metadata: ["version": "\(Version.swiftlet)", "node": "\(settings.name)", "server": "\(access.server)", "config": "\(configuration.process.kubeconfig)"])
        try await group.run()
    }

    /// Tells the service manager that the agent serves: after local recovery, never waiting for the API server.
    private static func systemd(_ notification: SystemdNotification?) -> [any ServiceLifecycle.Service] {
        guard let notification else { return [] }
        return [
            Part(name: "systemd") {
                try notification.send("READY=1")
                let clock = ContinuousClock()
                guard let interval = notification.watchdogInterval else { return try await gracefulShutdown() }
                while true {
                    try notification.send("WATCHDOG=1")
                    try await clock.sleep(for: interval)
                }
            }
        ]
    }
}
