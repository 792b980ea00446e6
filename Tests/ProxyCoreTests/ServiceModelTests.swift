import Addresses
import Nftables
import TestSupport
import Testing

@testable import KubeModel
@testable import ProxyCore

@Suite struct ServiceModelTests {
    /// A few Services and slices that change by chance, often so that they contend for addresses and ports.
    private struct World {
        var random: SeededGenerator
        var services: [String: Service] = [:]
        var slices: [String: EndpointSlice] = [:]

        mutating func pick<Element>(_ choices: [Element]) -> Element { choices[Int.random(in: 0..<choices.count, using: &random)] }

        mutating func change(_ model: inout ServiceModel) {
            let name = "s\(Int.random(in: 0..<8, using: &random))"
            if pick([true, false]) {
                services[name] = pick([true, true, true, false]) ? service(name) : nil
                model.set(services[name].map { Packed($0) }, for: ObjectKey(namespace: "n", name: name))
            } else {
                let slice = "\(name)-\(pick(["a", "b"]))"
                slices[slice] = pick([true, true, true, false]) ? endpoints(of: pick([name, name, name, "s0"]), slice) : nil
                model.set(slices[slice].map { Packed($0) }, for: ObjectKey(namespace: "n", name: slice))
            }
        }

        private mutating func service(_ name: String) -> Service {
            let ip = Int.random(in: 1...6, using: &random)
            var service = Service(
                metadata: ObjectMeta(name: name, namespace: "n"),
                spec: ServiceSpec(
                    type: pick(["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"]),
                    clusterIPs: pick([["10.96.0.\(ip)"], ["10.96.0.\(ip)", "fd96::\(ip)"], ["None"], ["nonsense"]]),
                    ports: (0..<pick([1, 2])).map {
                        ServicePort(name: "p\($0)", protocol: pick(["TCP", "UDP"]), port: 80 + $0, nodePort: 30000 + pick([0, 1, 2]))
                    }))
            service.metadata.creationTimestamp = Timestamp(seconds: Int64(pick([1, 2, 3])))
            service.spec?.externalIPs = pick([nil, ["198.51.100.1"], ["198.51.100.1", "10.96.0.3"]])
            service.spec?.externalTrafficPolicy = pick([nil, "Local"])
            service.spec?.internalTrafficPolicy = pick([nil, nil, "Local"])
            service.spec?.sessionAffinity = pick([nil, nil, "ClientIP"])
            service.spec?.loadBalancerSourceRanges = pick([nil, ["10.1.0.0/16"]])
            var ingress = ServiceStatus.LoadBalancer.Ingress()
            ingress.ip = pick(["203.0.113.1", "203.0.113.2"])
            var balancer = ServiceStatus.LoadBalancer()
            balancer.ingress = [ingress]
            service.status = ServiceStatus()
            service.status?.loadBalancer = balancer
            return service
        }

        private mutating func endpoints(of service: String, _ name: String) -> EndpointSlice {
            EndpointSlice(
                metadata: ObjectMeta(name: name, namespace: "n", labels: ["kubernetes.io/service-name": service]), addressType: "IPv4",
                endpoints: (0..<pick([0, 1, 2, 3])).map { _ in
                    .init(
                        addresses: ["10.244.\(pick([0, 1])).\(pick([1, 2, 3]))"],
                        conditions: pick([nil, .init(ready: false, serving: true, terminating: true), .init(ready: false)]),
                        nodeName: pick(["here", "there"]))
                }, ports: [.init(name: "p0", protocol: "TCP", port: 8080), .init(name: "p1", protocol: "UDP", port: 53)])
        }
    }

    private static let configuration = ProxyConfiguration(
        nodeName: "here", nodePortAddresses: [IPAddress("192.168.0.1")!], podCIDRs: [CIDR("10.244.0.0/24")!])

    @Test("whatever changes, the tables are those that all Services make at once, and the changes turn the store into them", arguments: 0..<6)
    func changesAddUp(seed: Int) async throws {
        var world = World(random: SeededGenerator(seed: UInt64(seed)))
        var model = ServiceModel(Self.configuration)
        let store = MemoryRulesetStore()
        model.update()
        try await store.apply(Transaction(model.tables.flatMap { RulesetDiff.transaction(from: nil, to: $0).operations }), ifGeneration: nil)
        model.committed()
        for step in 0..<150 {
            for _ in 0..<world.pick([1, 1, 1, 4]) { world.change(&model) }
            model.update()
            var fresh = ServiceModel(Self.configuration)
            fresh.replace(services: Packed.byKey(world.services.values), slices: Packed.byKey(world.slices.values))
            fresh.update()
            try #require(model.tables == fresh.tables, "step \(step)")
            try #require(model.entries == fresh.entries && Set(model.problems) == Set(fresh.problems), "step \(step)")
            try #require(model.localEndpointGaps == fresh.localEndpointGaps, "step \(step)")
            let before = store.snapshot.tables
            let former = try #require(model.committedTables)
            try #require(Dictionary(uniqueKeysWithValues: former.map { ($0.id, $0) }) == before, "step \(step)")
            // Some changes are committed later, together with the next ones.
            guard world.pick([true, true, false]) else { continue }
            try await store.apply(Transaction(try #require(model.operations)), ifGeneration: nil)
            model.committed()
            let after = store.snapshot.tables
            try #require(model.tables.allSatisfy { after[$0.id] == $0 }, "step \(step)")
            #expect(model.operations == [])
        }
    }

    @Test("one endpoint is a few elements, however many Services there are") func oneEndpoint() throws {
        func operations(_ count: Int) throws -> [String] {
            var model = ServiceModel(Self.configuration)
            func slice(_ number: Int, _ last: Int) -> EndpointSlice {
                EndpointSlice(
                    metadata: ObjectMeta(name: "s\(number)", namespace: "n", labels: ["kubernetes.io/service-name": "s\(number)"]),
                    addressType: "IPv4",
                    endpoints: [1, last].map { .init(addresses: ["10.\(number / 250).\(number % 250).\($0)"]) }, ports: [.init(name: "", port: 80)])
            }
            let services = (0..<count).map {
                Service(
                    metadata: ObjectMeta(name: "s\($0)", namespace: "n"),
                    spec: ServiceSpec(clusterIPs: ["10.96.\($0 / 250).\($0 % 250 + 1)"], ports: [ServicePort(port: 80)]))
            }
            model.replace(services: Packed.byKey(services), slices: Packed.byKey((0..<count).map { slice($0, 2) }))
            model.update()
            model.committed()
            model.set(Packed(slice(3, 9)), for: ObjectKey(namespace: "n", name: "s3"))
            model.update()
            return try #require(model.operations).map(\.description)
        }
        let expected = [
            "delete 1 elements from map service-endpoints of ip swiftlet", "add 1 elements to map service-endpoints of ip swiftlet",
        ]
        #expect(try operations(5) == expected)
        #expect(try operations(1000) == expected)
    }

    @Test("a frontend goes to the next Service that wants it when its owner gives it up") func heirs() {
        var model = ServiceModel(Self.configuration)
        func service(_ name: String, created: Int64, externals: [String] = ["198.51.100.1"]) -> Service {
            var service = Service(
                metadata: ObjectMeta(name: name, namespace: "n"),
                spec: ServiceSpec(clusterIPs: ["10.96.0.\(created)"], ports: [ServicePort(port: 80)]))
            service.metadata.creationTimestamp = Timestamp(seconds: created)
            service.spec?.externalIPs = externals
            return service
        }
        func owners() -> [String] { model.entries.filter { !$0.externalIPs.isEmpty }.map(\.name.service) }
        func set(_ service: Service?, _ name: String) {
            model.set(service.map { Packed($0) }, for: ObjectKey(namespace: "n", name: name))
            model.update()
        }
        set(service("c", created: 3), "c")
        #expect(owners() == ["c"])
        set(service("b", created: 2), "b")
        #expect(owners() == ["b"] && model.problems.map(\.name) == ["c"])
        set(service("a", created: 1), "a")
        #expect(owners() == ["a"] && model.problems.map(\.name) == ["b", "c"])
        set(service("a", created: 1, externals: []), "a")
        #expect(owners() == ["b"])
        set(nil, "b")
        #expect(owners() == ["c"] && model.problems.isEmpty)
        set(nil, "c")
        #expect(owners() == [])
    }
}
