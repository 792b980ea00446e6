import Addresses
import KubeModel
import Testing

@testable import ProxyCore

@Suite("Searching Services") struct ServiceSearchTests {
    private static func model(_ count: Int = 3) -> ServiceModel {
        var model = ServiceModel(ProxyConfiguration(nodeName: "here", nodePortAddresses: [], podCIDRs: []))
        let names = ["default/web", "default/db", "kube-system/dns"] + (3..<max(3, count)).map { "many/s\($0)" }
        var services: [Service] = []
        var slices: [EndpointSlice] = []
        for (number, name) in names.enumerated() {
            let parts = name.split(separator: "/").map(String.init)
            services.append(
                Service(
                    metadata: ObjectMeta(name: parts[1], namespace: parts[0]),
                    spec: ServiceSpec(clusterIPs: ["10.96.\(number / 250).\(number % 250 + 1)"], ports: [ServicePort(port: 80)])))
            slices.append(
                EndpointSlice(
                    metadata: ObjectMeta(name: parts[1], namespace: parts[0], labels: ["kubernetes.io/service-name": parts[1]]), addressType: "IPv4",
                    endpoints: [.init(addresses: ["10.1.\(number / 250).\(number % 250 + 1)"])], ports: [.init(name: "", port: 8080)]))
        }
        // Without an address there is nothing to reach.
        services.append(
            Service(
                metadata: ObjectMeta(name: "headless", namespace: "default"), spec: ServiceSpec(clusterIPs: ["None"], ports: [ServicePort(port: 80)]))
        )
        model.replace(services: Packed.byKey(services), slices: Packed.byKey(slices))
        model.update()
        return model
    }

    @Test(
        "a Service is found by a part of its name, or by an address",
        arguments: [
            ("", ["default/db", "default/web", "kube-system/dns"]), ("WEB", ["default/web"]), ("default", ["default/db", "default/web"]),
            ("default/", ["default/db", "default/web"]), ("t/w", ["default/web"]), ("kube-system/dns", ["kube-system/dns"]),
            ("/d", ["default/db", "kube-system/dns"]),
            ("system/db", []), ("a/b/c", []), ("/", ["default/db", "default/web", "kube-system/dns"]), ("10.96.0.2", ["default/db"]),
            ("10.1.0.3", ["kube-system/dns"]), ("10.96.0.9", []), ("10.96.0", []), ("headless", []), ("nothing-of-that-length", []),
        ] as [(String, [String])])
    func finds(text: String, names: [String]) {
        let found = Self.model().matches(ServiceSearch(text, limit: 10))
        #expect(found.first.map(\.key.description) == names)
        #expect(found.matching == names.count && found.total == 3)
    }

    @Test("the first by name are kept, the rest is counted", arguments: [0, 1, 2, 7, 200, 1000])
    func limits(limit: Int) {
        let model = Self.model(200)
        let found = model.matches(ServiceSearch("many/", limit: limit))
        let all = model.entries.map { "\($0.name.namespace)/\($0.name.service)" }.filter { $0.hasPrefix("many/") }
        #expect(found.first.map(\.key.description) == Array(all.prefix(limit)))
        #expect(found.matching == 197 && found.total == 200)
        #expect(found.first.allSatisfy { $0.entries.count == 1 && $0.entries[0].endpoints.count == 1 })
    }
}
