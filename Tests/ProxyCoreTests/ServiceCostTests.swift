import Addresses
import Testing

@testable import KubeModel
@testable import ProxyCore

/// The agent's memory for each Service. One byte more is 50 KB with 50,000 of them.
@Suite struct ServiceCostTests {
    /// A Service and its slice as controllers write them, with two endpoints.
    private static func objects(_ number: Int) -> (Service, EndpointSlice) {
        let name = "service-\(number)"
        var metadata = ObjectMeta(name: name, namespace: "bench", uid: "5ad1f5f0-6a0c-4d3e-9d8e-\(100_000_000_000 + number)")
        metadata.resourceVersion = "123456"
        metadata.creationTimestamp = Timestamp(seconds: 1_790_000_000)
        metadata.labels = ["app": "web", "app.kubernetes.io/managed-by": "Helm"]
        metadata.annotations = ["kubectl.kubernetes.io/last-applied-configuration": String(repeating: "x", count: 500)]
        var service = Service(
            metadata: metadata,
            spec: ServiceSpec(
                type: "ClusterIP", clusterIPs: ["10.96.\(number / 256).\(number % 256)"],
                ports: [ServicePort(name: "http", protocol: "TCP", port: 80, targetPort: .int(8080))]))
        service.spec?.selector = ["app": "web"]
        metadata.name = name + "-x7k2p"
        metadata.labels = ["kubernetes.io/service-name": name, "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"]
        let slice = EndpointSlice(
            metadata: metadata, addressType: "IPv4",
            endpoints: (0..<2).map {
                .init(
                    addresses: ["10.244.\(number / 128).\(2 * number % 256 + $0)"], conditions: .init(ready: true, serving: true, terminating: false),
                    nodeName: "node-\(number % 1000)")
            }, ports: [.init(name: "http", protocol: "TCP", port: 8080)])
        return (service, slice)
    }

    @Test("a Service costs no more than it did") func perService() {
        let count = 3000
        let objects = (0..<count).map(Self.objects)
        let services = Packed.byKey(objects.map(\.0))
        let slices = Packed.byKey(objects.map(\.1))
        var model = ServiceModel(ProxyConfiguration(nodeName: "node-1"))
        model.replace(services: services, slices: slices)
        model.update()
        model.committed()
        let inputs = HeapBytes.of(services, slices) / count
        let all = HeapBytes.of(services, slices, model) / count
        #expect(inputs <= 560, "the objects themselves")
        #expect(all <= 930, "with what was compiled")
    }

    @Test("the packed parts of a usual Service are small") func parts() throws {
        let (service, slice) = Self.objects(2999)
        #expect(Packed(service).size <= 130 && Packed(slice).size <= 170)
        let table = ServiceTable(services: [service], slices: [slice], nodeName: "node-1")
        #expect(PackedEntries(table.entries).size <= 42)
    }
}
