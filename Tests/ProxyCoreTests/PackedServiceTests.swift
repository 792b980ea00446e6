import Addresses
import FoundationEssentials
import Testing

@testable import KubeModel
@testable import ProxyCore

@Suite struct PackedServiceTests {
    @Test("a Service comes back with the fields that rules are made of") func service() {
        var service = Service(
            metadata: ObjectMeta(name: "web", namespace: "shop", uid: "u1", labels: ["service.kubernetes.io/service-proxy-name": "other"]),
            spec: ServiceSpec(
                type: "LoadBalancer", clusterIPs: ["10.96.0.1", "fd96::1", "nonsense"],
                ports: [ServicePort(name: "http", protocol: "TCP", port: 80, nodePort: 30080), ServicePort(port: -5)]))
        service.metadata.resourceVersion = "12"
        service.metadata.creationTimestamp = Timestamp(seconds: 1_790_000_000)
        service.spec?.externalIPs = ["198.51.100.1"]
        service.spec?.sessionAffinity = "ClientIP"
        service.spec?.sessionAffinityConfig = ServiceSpec.SessionAffinityConfig(timeoutSeconds: 60)
        service.spec?.internalTrafficPolicy = "Cluster"
        service.spec?.externalTrafficPolicy = "Local"
        service.spec?.healthCheckNodePort = 32000
        service.spec?.loadBalancerSourceRanges = [" 10.0.0.0/8", ""]
        service.status = ServiceStatus(loadBalancer: .init(ingress: [.init(ip: "203.0.113.1", ipMode: "VIP")]))
        #expect(Packed(service).object == service)
        #expect(Packed(service).metadata == service.metadata && Packed(service).key == service.key)
        var more = service
        more.metadata.annotations = ["a": "b"]
        more.spec?.selector = ["app": "web"]
        #expect(Packed(more) == Packed(service), "what rules do not depend on is not kept")
        more.spec?.ports?[0].nodePort = 30081
        #expect(Packed(more) != Packed(service))
        service.spec = nil
        service.status = nil
        #expect(Packed(service).object == service)
    }

    @Test("a slice comes back with the fields that rules are made of") func slice() {
        var slice = EndpointSlice(
            metadata: ObjectMeta(
                name: "web-1", namespace: "shop", labels: ["kubernetes.io/service-name": "web"],
                annotations: ["endpoints.kubernetes.io/last-change-trigger-time": "2026-01-01T00:00:00Z"]),
            addressType: "IPv6",
            endpoints: [
                .init(
                    addresses: ["fd00::1"], conditions: .init(ready: true, terminating: false), nodeName: "a", hints: .init(zones: ["z"], nodes: [])),
                .init(addresses: []), .init(addresses: ["?"], conditions: .init()),
            ], ports: [.init(name: "", protocol: "UDP", port: 53), .init(port: nil)])
        #expect(Packed(slice).object == slice)
        slice.endpoints?[0].addresses.append("fd00::2")
        #expect(Packed(slice).object.endpoints?[0].addresses == ["fd00::1"], "the first stands for the pod")
        slice.endpoints = nil
        slice.ports = nil
        #expect(Packed(slice).object == slice)
    }

    @Test("an object is packed as it is read") func decoding() throws {
        let text =
            #"{"metadata":{"name":"web","namespace":"shop","labels":{"a":"b"}},"spec":{"clusterIP":"10.96.0.1","ports":[{"port":80,"targetPort":"x"}]}}"#
        let list = try JSONDecoder().decode(ObjectList<Packed<Service>>.self, from: Data("{\"metadata\":{},\"items\":[\(text)]}".utf8))
        let service = try #require(list.items.first)
        #expect(service.key == ObjectKey(namespace: "shop", name: "web") && service.object.spec?.ports == [ServicePort(port: 80)])
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(Packed<EndpointSlice>.self, from: Data(text.utf8))
        }
    }

    @Test("entries come back as they were") func entries() throws {
        var entry = ServiceEntry(
            name: ServicePortName(namespace: "shop", service: "web", port: "dns", transport: .udp), clusterIP: try #require(IPAddress("fd96::1")),
            port: 65535, nodePort: 30053,
            endpoints: ["fd00::1", "fd00::2"].map { Endpoint(address: IPAddress($0)!, port: 53, isLocal: $0 == "fd00::2") })
        entry.externalIPs = [try #require(IPAddress("2001:db8::1"))]
        entry.loadBalancerIPs = [try #require(IPAddress("2001:db8::2"))]
        entry.sourceRanges = [try #require(CIDR("2001:db8::/32"))]
        entry.internalPolicy = .local
        entry.externalPolicy = .local
        entry.affinityTimeout = 10800
        entry.localEndpoints = [entry.endpoints[1]]
        let plain = ServiceEntry(
            name: ServicePortName(namespace: "shop", service: "web", port: "", transport: .tcp), clusterIP: try #require(IPAddress("10.96.0.1")),
            port: 80, endpoints: [])
        var closed = plain
        closed.sourceRanges = []
        let key = ObjectKey(namespace: "shop", name: "web")
        for entries in [[], [entry], [plain, entry, closed]] {
            #expect(PackedEntries(entries).entries(of: key) == entries)
            #expect(PackedEntries(entries).isEmpty == entries.isEmpty)
        }
        #expect(PackedEntries([plain]) != PackedEntries([closed]))
    }
}
