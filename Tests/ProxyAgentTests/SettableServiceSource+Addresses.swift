import KubeModel
import ProxyCore
import TestSupport

extension SettableServiceSource {
    /// Sets one Service for each name, with endpoints at the addresses.
    func set(_ services: [String: [String]], transport: String = "TCP", affinity: Bool = false) {
        set(
            ServiceSnapshot(
                services: services.keys.sorted().enumerated().map { index, name in
                    var service = Service(
                        metadata: ObjectMeta(name: name, namespace: "default"),
                        spec: ServiceSpec(clusterIPs: ["10.96.0.\(index + 1)"], ports: [ServicePort(protocol: transport, port: 80)]))
                    if affinity { service.spec?.sessionAffinity = "ClientIP" }
                    return service
                },
                slices: services.map { name, addresses in
                    EndpointSlice(
                        metadata: ObjectMeta(name: name, namespace: "default", labels: ["kubernetes.io/service-name": name]), addressType: "IPv4",
                        endpoints: addresses.map { .init(addresses: [$0]) }, ports: [.init(name: "", protocol: transport, port: 8080)])
                }, configuration: ProxyConfiguration(nodeName: "here")))
    }
}
