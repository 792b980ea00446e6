import Addresses
package import CoreMetrics
package import KubeClient
package import KubeModel
package import Logging
import MetricsStore
package import ProxyCore
import Synchronization

/// The Services and slices of the cluster, for the proxy and for pods' environments.
package final class ServiceDirectory: ServiceSource {
    private let serviceReflector: Reflector<Packed<Service>>
    private let sliceReflector: Reflector<Packed<EndpointSlice>>
    private let rangeReflector: Reflector<ServiceCIDR>
    /// The rules' other input; `nil` until the node has its podCIDRs.
    private let configuration: @Sendable () -> ProxyConfiguration?
    private let changeSignals: AsyncStream<Void>
    private let changed: AsyncStream<Void>.Continuation

    private let metrics: any MetricsFactory
    private let logger: Logger
    private let hasReportedRefusal = Mutex(false)
    /// The objects that have changed since the proxy looked.
    private let changedObjects = Mutex((services: Set<ObjectKey>(), slices: Set<ObjectKey>()))

    package init(
        services: KubeClient, metrics: any MetricsFactory = NOOPMetricsHandler.instance, logger: Logger,
        configuration: @escaping @Sendable () -> ProxyConfiguration?
    ) {
        // Headless slices are not for a proxy.
        serviceReflector = Reflector(services, of: Packed<Service>.self)
        sliceReflector = Reflector(services, of: Packed<EndpointSlice>.self, scope: ObjectScope(labelSelector: "!service.kubernetes.io/headless"))
        // Read where the API server has them and this identity may, which may change while the agent runs: without them, packets to addresses of no Service leave the node.
        rangeReflector = Reflector(services, of: ServiceCIDR.self, refusalPause: .seconds(600))
        self.configuration = configuration
        self.metrics = metrics
        self.logger = logger
        (changeSignals, changed) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// `nil` until they were listed once.
    package func services(in namespaces: Set<String>) async -> [Service]? {
        guard serviceReflector.hasSynced else { return nil }
        return serviceReflector.objects.filter { namespaces.contains($0.key.namespace) }.map(\.value.object)
    }

    package func snapshot() async -> ServiceSnapshot? {
        reportRefusal()
        guard let configuration = currentConfiguration() else { return nil }
        // Before the objects are read: a change that comes in between is looked at twice.
        changedObjects.withLock { $0 = ([], []) }
        return ServiceSnapshot(
            services: serviceReflector.objects, slices: sliceReflector.objects, configuration: configuration)
    }

    package func latestChanges() async -> ServiceChanges? {
        guard let configuration = currentConfiguration() else { return nil }
        let keys = changedObjects.withLock { keys in
            defer { keys = ([], []) }
            return keys
        }
        return ServiceChanges(
            services: keys.services.map { ($0, serviceReflector.object($0)) },
            slices: keys.slices.map { ($0, sliceReflector.object($0)) }, configuration: configuration)
    }

    /// `nil` until everything has been listed once.
    private func currentConfiguration() -> ProxyConfiguration? {
        guard serviceReflector.hasSynced, sliceReflector.hasSynced, var result = configuration() else { return nil }
        let ranges = rangeReflector.objects.values.flatMap { $0.spec?.cidrs ?? [] }
        result.serviceCIDRs = ranges.compactMap { CIDR($0) }.sorted { $0.first < $1.first }
        return result
    }

    /// A node's role does not include EndpointSlices. Names the role that does, once.
    private func reportRefusal() {
        guard !sliceReflector.hasSynced, sliceReflector.failure?.isForbidden == true, !hasReportedRefusal.withLock({ $0 }) else { return }
        hasReportedRefusal.withLock { $0 = true }
        logger.error(
            "Services are not served, because this identity may not read EndpointSlices; give it the role system:node-proxier",
            metadata: [
                "try": "kubectl create clusterrolebinding swiftlet-services --clusterrole=system:node-proxier --group=system:nodes"
            ])
    }

    /// The objects that have changed since the proxy looked.
    package var pending: (services: Int, slices: Int) { changedObjects.withLock { ($0.services.count, $0.slices.count) } }

    package func changes() async -> AsyncStream<Void> { changeSignals }

    /// Says that `configuration` returns something else now.
    package func configurationChanged() { changed.yield() }

    /// Watches until cancelled.
    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.serviceReflector.run() }
            group.addTask { await self.sliceReflector.run() }
            group.addTask { await self.rangeReflector.run() }
            group.addTask { for await _ in self.rangeReflector.updates() { self.changed.yield() } }
            group.addTask {
                for await changes in self.serviceReflector.updates() {
                    self.metrics.count(.proxyServiceChanges, by: changes.count)
                    self.changedObjects.withLock { $0.services.formUnion(changes.keys) }
                    self.changed.yield()
                }
            }
            group.addTask {
                for await changes in self.sliceReflector.updates() {
                    self.metrics.count(.proxyEndpointChanges, by: changes.count)
                    self.changedObjects.withLock { $0.slices.formUnion(changes.keys) }
                    self.changed.yield()
                }
            }
        }
    }
}
