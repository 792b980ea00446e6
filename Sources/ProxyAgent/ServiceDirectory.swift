package import KubeClient
package import KubeModel
package import Logging
package import ProxyCore
import Synchronization

/// The Services and slices of the cluster, for the proxy and for pods' environments.
package final class ServiceDirectory: ServiceSource {
    private let serviceReflector: Reflector<Service>
    private let sliceReflector: Reflector<EndpointSlice>
    /// The rules' other input; `nil` until the node has its podCIDRs.
    private let configuration: @Sendable () -> ProxyConfiguration?
    private let changeSignals: AsyncStream<Void>
    private let changed: AsyncStream<Void>.Continuation

    private let logger: Logger
    private let hasReportedRefusal = Mutex(false)

    package init(services: KubeClient, logger: Logger, configuration: @escaping @Sendable () -> ProxyConfiguration?) {
        // Headless slices are not for a proxy.
        serviceReflector = Reflector(services, of: Service.self)
        sliceReflector = Reflector(services, of: EndpointSlice.self, scope: ObjectScope(labelSelector: "!service.kubernetes.io/headless"))
        self.configuration = configuration
        self.logger = logger
        (changeSignals, changed) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// `nil` until they were listed once.
    package func services() async -> [Service]? {
        serviceReflector.hasSynced ? Array(serviceReflector.objects.values) : nil
    }

    package func snapshot() async -> ServiceSnapshot? {
        reportRefusal()
        guard serviceReflector.hasSynced, sliceReflector.hasSynced, let configuration = configuration() else { return nil }
        return ServiceSnapshot(
            services: Array(serviceReflector.objects.values), slices: Array(sliceReflector.objects.values), configuration: configuration)
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

    package func changes() async -> AsyncStream<Void> { changeSignals }

    /// Says that `configuration` returns something else now.
    package func configurationChanged() { changed.yield() }

    /// Watches until cancelled.
    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.serviceReflector.run() }
            group.addTask { await self.sliceReflector.run() }
            group.addTask { for await _ in self.serviceReflector.updates() { self.changed.yield() } }
            group.addTask { for await _ in self.sliceReflector.updates() { self.changed.yield() } }
        }
    }
}
