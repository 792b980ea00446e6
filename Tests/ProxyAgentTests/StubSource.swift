import KubeModel
import ProxyCore
import Synchronization

/// A source whose snapshot the test sets.
final class StubSource: ServiceSource {
    private let latest = Mutex<ServiceSnapshot?>(nil)
    private let listeners = Mutex<[AsyncStream<Void>.Continuation]>([])

    func set(_ services: [String: [String]], transport: String = "TCP") {
        let snapshot = ServiceSnapshot(
            services: services.keys.sorted().enumerated().map { index, name in
                Service(
                    metadata: ObjectMeta(name: name, namespace: "default"),
                    spec: ServiceSpec(clusterIPs: ["10.96.0.\(index + 1)"], ports: [ServicePort(protocol: transport, port: 80)]))
            },
            slices: services.map { name, addresses in
                EndpointSlice(
                    metadata: ObjectMeta(name: name, namespace: "default", labels: ["kubernetes.io/service-name": name]), addressType: "IPv4",
                    endpoints: addresses.map { .init(addresses: [$0]) }, ports: [.init(name: "", protocol: transport, port: 8080)])
            }, configuration: ProxyConfiguration(nodeName: "here"))
        latest.withLock { $0 = snapshot }
        for listener in listeners.withLock({ $0 }) { listener.yield() }
    }

    func snapshot() async -> ServiceSnapshot? { latest.withLock { $0 } }

    func changes() async -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        listeners.withLock { $0.append(continuation) }
        return stream
    }
}
