import Addresses
import KubeModel
import Testing

@testable import DevCluster

@Suite("Services and their slices")
struct ServiceTests {
    private static func service(_ name: String, _ spec: JSONValue) -> JSONValue { ["metadata": ["name": .string(name)], "spec": spec] }

    @Test("Services get addresses and node ports, and give them back") func addressesAndPorts() async throws {
        let store = try await Fixtures.store()
        let first = try await Fixtures.create(.services, Self.service("a", ["ports": [["port": 80]], "selector": ["app": "a"]]), store)
        let wantedSpec: JSONValue = [
            "type": "ClusterIP", "clusterIP": "10.96.0.1", "clusterIPs": ["10.96.0.1"], "sessionAffinity": "None", "ipFamilies": ["IPv4"],
            "ipFamilyPolicy": "SingleStack", "internalTrafficPolicy": "Cluster", "selector": ["app": "a"],
            "ports": [["port": 80, "protocol": "TCP", "targetPort": 80]],
        ]
        #expect(first["spec"] == wantedSpec)
        let second = try await Fixtures.create(.services, Self.service("b", ["type": "NodePort", "ports": [["port": 80]]]), store)
        #expect(second.text("spec", "clusterIP") == "10.96.0.2" && second.text("spec", "externalTrafficPolicy") == "Cluster")
        #expect(second["spec"]?.list("ports").first?["nodePort"] == 30000)
        let wanted = try await Fixtures.create(
            .services, Self.service("c", ["type": "NodePort", "clusterIP": "10.96.1.1", "ports": [["port": 80, "nodePort": 30007]]]), store)
        #expect(wanted.text("spec", "clusterIP") == "10.96.1.1" && wanted["spec"]?.list("ports").first?["nodePort"] == 30007)
        let headless = try await Fixtures.create(.services, Self.service("d", ["clusterIP": "None", "ports": [["port": 80]]]), store)
        #expect(headless["spec", "clusterIPs"] == ["None"])
        // A new port's assignment does not change the old port's.
        let grown = try await Fixtures.update(.services, "b", store) { service in
            service["spec", "ports"] = [["port": 80, "name": "a"], ["port": 81, "name": "b"]]
            service["spec", "clusterIP"] = nil
            service["spec", "clusterIPs"] = nil
        }
        #expect(grown["spec"]?.list("ports").map { $0["nodePort"] } == [30000, 30001])
        #expect(grown.text("spec", "clusterIP") == "10.96.0.2")
    }

    @Test(
        "a Service that breaks a rule is refused with the field's name",
        arguments: [
            (#"{"ports":[]}"#, "spec.ports"), (#"{"ports":[{"port":0}]}"#, "spec.ports[0].port"),
            (#"{"ports":[{"port":1},{"port":2}]}"#, "spec.ports[0].name"),
            (#"{"clusterIP":"10.1.1.1","ports":[{"port":1}]}"#, "spec.clusterIPs"),
            (#"{"clusterIP":"10.96.0.1","ports":[{"port":1}]}"#, "spec.clusterIPs"),
            (#"{"type":"NodePort","ports":[{"port":1,"nodePort":80}]}"#, "spec.ports[0].nodePort"),
            (#"{"type":"Magic","ports":[{"port":1}]}"#, "spec.type"),
        ])
    func refuses(spec: String, field: String) async throws {
        let store = try await Fixtures.store()
        _ = try await Fixtures.create(.services, Self.service("first", ["ports": [["port": 80]]]), store)
        let service = Self.service("s", try JSONParser.parse(spec))
        let error = await #expect(throws: APIError.self) { try await Fixtures.create(.services, service, store) }
        #expect(error?.details?.list("causes").contains { $0.text("field") == field } == true, "\(error?.message ?? "")")
    }

    @Test(
        "only blocks of addresses are ranges",
        arguments: [
            ("10.96.0.0/16", true), ("10.96.0.0", false), ("10.96.0/16", false), ("10.96.0.256/16", false), ("1.2.3.4/33", false),
            ("+1.2.3.4/8", false), ("10.096.0.0/16", false), ("10.96.0.0/+16", false), ("fd00::/108", false),
        ])
    func ranges(text: String, isRange: Bool) { #expect((CIDR(ipv4Block: text) != nil) == isRange) }

    @Test("a range is split into blocks of one size") func subranges() throws {
        let blocks = try #require(CIDR(ipv4Block: "10.244.0.0/16")).subranges(prefixLength: 24)
        let last = try #require(IPAddress("10.244.255.7"))
        #expect(blocks.count == 256 && blocks[1].description == "10.244.1.0/24" && blocks[255].contains(last))
    }

    private static func pod(_ name: String, ip: String, ready: Bool = true, deleting: Bool = false, port: Int64 = 8080, phase: String = "Running")
        -> JSONValue
    {
        var pod: JSONValue = [
            "metadata": ["name": .string(name), "namespace": "default", "uid": .string("u-\(name)")],
            "spec": [
                "nodeName": "n1", "containers": [["name": "c", "ports": [["name": "http", "containerPort": .integer(port), "protocol": "TCP"]]]],
            ],
            "status": [
                "phase": .string(phase), "podIP": .string(ip), "conditions": [["type": "Ready", "status": ready ? "True" : "False"]],
            ],
        ]
        if deleting { pod["metadata", "deletionTimestamp"] = "2026-01-01T00:00:00Z" }
        return pod
    }

    @Test("a slice shows the conditions of its pods") func sliceConditions() {
        let service: JSONValue = [
            "metadata": ["name": "s", "namespace": "default"],
            "spec": ["clusterIP": "10.96.0.1", "ports": [["name": "w", "port": 80, "targetPort": "http", "protocol": "TCP"]]],
        ]
        let pods = [
            Self.pod("a", ip: "10.0.0.1"), Self.pod("b", ip: "10.0.0.2", ready: false), Self.pod("c", ip: "10.0.0.3", deleting: true),
            Self.pod("d", ip: "10.0.0.4", phase: "Succeeded"), Self.pod("e", ip: ""), Self.pod("f", ip: "10.0.0.6", port: 9090),
        ]
        let slices = EndpointSliceContent(service, pods: pods, zones: [:]).slices
        #expect(
            slices.map(\.ports.description) == [#"[{"name":"w","port":8080,"protocol":"TCP"}]"#, #"[{"name":"w","port":9090,"protocol":"TCP"}]"#])
        #expect(
            slices[0].endpoints.map { $0["conditions"]?.description } == [
                #"{"ready":true,"serving":true,"terminating":false}"#, #"{"ready":false,"serving":false,"terminating":false}"#,
                #"{"ready":false,"serving":true,"terminating":true}"#,
            ])
        #expect(slices[0].endpoints[0]["targetRef"]?.description == #"{"kind":"Pod","name":"a","namespace":"default","uid":"u-a"}"#)
    }

    @Test("a slice holds at most a hundred endpoints") func slicesHoldAHundred() {
        let service: JSONValue = ["metadata": ["name": "s"], "spec": ["clusterIP": "None", "ports": [["port": 80, "protocol": "TCP"]]]]
        let pods = (0..<250).map { Self.pod("p\($0)", ip: "10.0.\($0 / 250).\($0 % 250)") }
        let slices = EndpointSliceContent(service, pods: pods, zones: [:]).slices
        #expect(slices.map(\.endpoints.count) == [100, 100, 50])
        #expect(slices[0].labels["service.kubernetes.io/headless"] == "")
        #expect(EndpointSliceContent(service, pods: [], zones: [:]).slices.map(\.endpoints.count) == [0])
    }
}
