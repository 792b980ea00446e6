import KubeClient
import KubeModel
import Logging
import NodeAgent
import ProxyCore
import Synchronization

/// The Services and slices of the cluster, for the proxy and for pods' environments.
final class ServiceDirectory: ServiceListing, ServiceSource {
    private let serviceReflector: Reflector<Service>
    private let sliceReflector: Reflector<EndpointSlice>
    /// What the rules depend on besides; `nil` until the node has its podCIDRs.
    private let configuration: @Sendable () -> ProxyConfiguration?
    private let changeSignals: AsyncStream<Void>
    private let changed: AsyncStream<Void>.Continuation

    private let logger: Logger
    private let hasToldRefusal = Mutex(false)

    init(services: KubeClient, logger: Logger, configuration: @escaping @Sendable () -> ProxyConfiguration?) {
        // Services of other proxies and headless slices are not for this one.
        serviceReflector = Reflector(services, of: Service.self)
        sliceReflector = Reflector(services, of: EndpointSlice.self, scope: ObjectScope(labelSelector: "!service.kubernetes.io/headless"))
        self.configuration = configuration
        self.logger = logger
        (changeSignals, changed) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    func services() async -> [Service]? {
        serviceReflector.hasSynced ? Array(serviceReflector.objects.values) : nil
    }

    func snapshot() async -> ServiceSnapshot? {
        tellRefusal()
        guard serviceReflector.hasSynced, sliceReflector.hasSynced, let configuration = configuration() else { return nil }
        return ServiceSnapshot(
            services: Array(serviceReflector.objects.values), slices: Array(sliceReflector.objects.values), configuration: configuration)
    }

    /// What a node may read does not include EndpointSlices; the role that does is named, once.
    private func tellRefusal() {
        guard !sliceReflector.hasSynced, sliceReflector.failure?.isForbidden == true, !hasToldRefusal.withLock({ $0 }) else { return }
        hasToldRefusal.withLock { $0 = true }
        logger.error(
            "Services are not served: this identity may not read EndpointSlices. Give it the role system:node-proxier.",
            metadata: [
                "try": "kubectl create clusterrolebinding swiftlet-services --clusterrole=system:node-proxier --group=system:nodes"
            ])
    }

    func changes() async -> AsyncStream<Void> { changeSignals }

    /// The configuration is another one now.
    func configurationChanged() { changed.yield() }

    /// Watches until cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.serviceReflector.run() }
            group.addTask { await self.sliceReflector.run() }
            group.addTask { for await _ in self.serviceReflector.updates() { self.changed.yield() } }
            group.addTask { for await _ in self.sliceReflector.updates() { self.changed.yield() } }
        }
    }
}
