import Addresses
import KubeModel
import Testing

@testable import ProxyCore

/// The proxy's decisions in words. The words are checked against the cases in which an operator asks for them.
@Suite struct ServiceExplanationTests {
    private static func explain(
        _ change: (inout Service) -> Void = { _ in }, endpoints: [EndpointSlice.Endpoint], port: String? = nil, from client: String? = nil
    ) -> String? {
        var service = Service(
            metadata: ObjectMeta(name: "web", namespace: "default"),
            spec: ServiceSpec(type: "NodePort", clusterIPs: ["10.96.0.1"], ports: [ServicePort(name: "http", port: 80, nodePort: 30080)]))
        change(&service)
        var configuration = ProxyConfiguration(
            nodeName: "here", nodePortAddresses: [IPAddress("192.168.77.11")!], podCIDRs: [CIDR("10.244.0.0/24")!],
            clusterCIDRs: [CIDR("10.244.0.0/16")!])
        configuration.zone = "a"
        var model = ServiceModel(configuration)
        model.replace(
            services: Packed.byKey([service]),
            slices: Packed.byKey([
                EndpointSlice(
                    metadata: ObjectMeta(name: "web-1", namespace: "default", labels: ["kubernetes.io/service-name": "web"]), addressType: "IPv4",
                    endpoints: endpoints, ports: [.init(name: "http", port: 8080)])
            ]))
        model.update()
        return model.explanation(of: service.key)?.text(port: port, from: client.flatMap { IPAddress($0) })
    }

    private static func endpoint(
        _ address: String, _ node: String? = nil, ready: Bool = true, serving: Bool? = nil, terminating: Bool? = nil, zones: [String] = []
    ) -> EndpointSlice.Endpoint {
        EndpointSlice.Endpoint(
            addresses: [address], conditions: .init(ready: ready, serving: serving, terminating: terminating), nodeName: node,
            hints: zones.isEmpty ? nil : .init(zones: zones))
    }

    @Test("where it answers, who gets traffic and who does not") func whole() {
        let text = Self.explain(
            endpoints: [
                Self.endpoint("10.244.0.2", "here"), Self.endpoint("10.244.1.3", "there"), Self.endpoint("10.244.1.4", "there", ready: false),
                Self.endpoint("10.244.1.5", "there", ready: false, serving: true, terminating: true), Self.endpoint("127.0.0.1"),
            ], from: "10.244.0.2")
        #expect(
            text == """
                service default/web
                  not served: endpoint 127.0.0.1 of slice web-1 gets no traffic: it is a loopback address
                port http 80/TCP, IPv4
                  ClusterIP 10.96.0.1 port 80: 2 endpoints
                  NodePort 192.168.77.11 port 30080: 2 endpoints
                  endpoint 10.244.0.2 port 8080, this node: gets traffic
                  endpoint 10.244.1.3 port 8080, node there: gets traffic
                  endpoint 10.244.1.4 port 8080, node there: no traffic, it is not ready
                  endpoint 10.244.1.5 port 8080, node there: no traffic, it is terminating and others are ready
                  endpoint 127.0.0.1 port 8080, no node: no traffic, it is a loopback address
                  from 10.244.0.2 (a pod of this node):
                    ClusterIP port 80: to 10.244.0.2:8080 10.244.1.3:8080; keeps its address
                    NodePort port 30080: to 10.244.0.2:8080 10.244.1.3:8080; masqueraded, so that the answer comes back here

                """)
    }

    @Test(
        "each decision has its words",
        arguments: [
            ([endpoint("10.244.1.3", "there")], "NodePort 192.168.77.11 port 30080: dropped, policy Local and no endpoint on this node; clients of"),
            ([endpoint("10.244.0.2", "here")], "NodePort 192.168.77.11 port 30080: 1 endpoint on this node (policy Local)"),
            ([endpoint("10.244.0.2", "here", ready: false)], "NodePort 192.168.77.11 port 30080: refused, no endpoint of the cluster can serve"),
            ([endpoint("10.244.0.2", "here")], "    NodePort port 30080: to 10.244.0.2:8080; keeps its address"),
            ([endpoint("10.244.0.2", "here")], "    ClusterIP port 80: to 10.244.0.2:8080; masqueraded, it is not of the pod network"),
            (
                [endpoint("10.244.0.2", "here", zones: ["b"]), endpoint("10.244.1.3", "there", zones: ["a"])],
                "this node: gets traffic by policy Local alone"
            ),
            (
                [endpoint("10.244.1.2", "x", zones: ["b"]), endpoint("10.244.1.3", "there", zones: ["a"])],
                "node x: no traffic from this node, its hints are for zone b"
            ),
            ([], "no EndpointSlice has an endpoint for it"),
        ])
    func words(endpoints: [EndpointSlice.Endpoint], words: String) throws {
        let text = try #require(Self.explain({ $0.spec?.externalTrafficPolicy = "Local" }, endpoints: endpoints, from: "203.0.113.5"))
        #expect(text.contains(words), "\(text)")
    }

    @Test("a Service without rules says why, and a port that is not there as well") func without() {
        let headless = Self.explain({ $0.spec?.clusterIPs = ["None"] }, endpoints: [])
        #expect(headless?.contains("headless: DNS gives the endpoints' own addresses") == true)
        #expect(Self.explain(endpoints: [], port: "443")?.contains("no port 443 is served") == true)
        #expect(Self.explain(endpoints: [], port: "80")?.contains("port http 80/TCP") == true)
        #expect(ServiceModel(ProxyConfiguration(nodeName: "here")).explanation(of: ObjectKey(namespace: "default", name: "web")) == nil)
    }

    @Test("a pod that is the only endpoint reaches itself under the node's address") func hairpin() {
        let text = Self.explain(endpoints: [Self.endpoint("10.244.0.2", "here")], from: "10.244.0.2")
        #expect(text?.contains("ClusterIP port 80: to 10.244.0.2:8080; masqueraded, it reaches itself") == true)
    }
}
