import KubeClient
import KubeModel
import Logging
import NodeAgent
import NodeServer
import PodCore
import ServiceLifecycle
import Timing

/// The parts that keep the node's certificates valid, and report those that nothing renews.
struct CertificateParts: Sendable {
    let services: [any ServiceLifecycle.Service]

    init(
        _ configuration: AgentConfiguration, identity: NodeIdentity, client: KubeClient, node: NodeParts, serving: ServingCredentials,
        time: SystemTime,
        logger: Logger
    ) {
        let name = identity.purpose.nodeName
        var services: [any ServiceLifecycle.Service] = []
        if client.access.clientCertificate != nil {
            let rotator = CertificateRotator(
                client, directory: identity.directory, recovery: IdentityRecovery(identity), purpose: { identity.purpose })
            services.append(Part { await rotator.run() })
        }
        if configuration.kubelet.serverTLSBootstrap {
            let rotator = CertificateRotator(
                client, directory: identity.directory, signal: node.addresses.changed,
                purpose: { [addresses = node.addresses] in
                    CertificatePurpose.serving(nodeName: name, addresses: addresses.all.map { (type: $0.type, address: $0.address) })
                },
                onNewCertificate: { _ in serving.reloadSoon() })
            services.append(Part { await rotator.run() })
        }
        let inventory = CertificateInventory(configuration, identity)
        services.append(
            Part { [events = node.events] in
                var notices = ExpiryNotices()
                while true {
                    for notice in notices.due(await inventory.read(at: time.wallTime()), at: time.wallTime()) {
                        logger.warning("A certificate of this node ends", metadata: ["certificate": "\(notice.text)"])
                        events.record(
                            PodEventRecord(.warning, notice.hasEnded ? "CertificateEnded" : "CertificateEnds", notice.text), aboutNode: name)
                    }
                    try await time.sleep(for: .seconds(3600))
                }
            })
        self.services = services
    }
}

extension NodeIdentity {
    init(_ configuration: AgentConfiguration, nodeName: String) {
        self.init(
            kubeconfigPath: configuration.process.kubeconfig, bootstrapPath: configuration.process.bootstrapKubeconfig, nodeName: nodeName,
            directory: CertificateDirectory(configuration.process.rootDirectory + "/pki"), rotates: configuration.kubelet.rotateCertificates)
    }
}

extension CertificateInventory {
    init(_ configuration: AgentConfiguration, _ identity: NodeIdentity) {
        let (kubelet, directory) = (configuration.kubelet, identity.directory)
        let requested = directory.currentPath(.serving(nodeName: identity.purpose.nodeName, dnsNames: [], ipAddresses: []))
        self.init(
            identity, serving: kubelet.serverTLSBootstrap ? requested : kubelet.tlsCertFile ?? directory.path + "/kubelet.crt",
            isServingRenewed: kubelet.serverTLSBootstrap, clientCA: kubelet.clientCAFile)
    }
}
