import Addresses
import FoundationEssentials
import KubeModel
import Testing

@testable import PodCore

@Suite("Ports of the node")
struct HostPortPlanTests {
    private func spec(_ fields: String) throws -> PodSpec {
        try JSONDecoder().decode(PodSpec.self, from: Data("{\(fields)}".utf8))
    }

    private func containers(_ ports: String) -> String { #""containers":[{"name":"c","ports":[\#(ports)]}]"# }

    @Test("ports of containers and sidecars count, ports of ordinary init containers do not")
    func whichContainers() throws {
        let spec = try spec(
            #"""
            "initContainers":[{"name":"once","ports":[{"containerPort":1,"hostPort":1}]},
              {"name":"sidecar","restartPolicy":"Always","ports":[{"containerPort":2,"hostPort":20,"protocol":"UDP"}]}],
            "containers":[{"name":"a","ports":[{"containerPort":3},{"containerPort":4,"hostPort":0},{"containerPort":5,"hostPort":50,"hostIP":""}]},
              {"name":"b","ports":[{"containerPort":6,"hostPort":50,"hostIP":"127.0.0.1","protocol":"SCTP"},
                {"containerPort":5,"hostPort":50}]}]
            """#)
        #expect(
            try spec.hostPorts() == [
                HostPort(transport: .udp, port: 20, target: 2), HostPort(port: 50, target: 5),
                HostPort(hostIP: "127.0.0.1", transport: .sctp, port: 50, target: 6),
            ])
        #expect(try spec.hostPorts().map(\.description) == ["*:20/UDP", "*:50/TCP", "127.0.0.1:50/SCTP"])
    }

    @Test("a pod on the node's network has no ports that lead to it")
    func hostNetwork() throws {
        let ports = containers(#"{"containerPort":80,"hostPort":80}"#)
        #expect(try spec(#""hostNetwork":true,\#(ports)"#).hostPorts() == [])
        #expect(try spec(ports).hostPorts().count == 1)
    }

    @Test(
        "an invalid port is refused",
        arguments: [
            #"{"containerPort":80,"hostPort":65536}"#, #"{"containerPort":80,"hostPort":-1}"#, #"{"containerPort":0,"hostPort":80}"#,
            #"{"containerPort":80,"hostPort":80,"protocol":"tcp"}"#,
        ])
    func refused(port: String) throws {
        let failure = try #require(throws: PlanFailure.self) { try spec(containers(port)).hostPorts() }
        #expect(failure.message.hasPrefix("container c: ") && failure.message.contains("wanted"))
    }

    @Test("a record of an agent without host ports can be read")
    func oldRecords() throws {
        let fields = #"""
            "id":"a","pod":{"namespace":"n","name":"p","uid":"u"},"attempt":0,"hostname":"p","network":"pod","ipc":"pod","pid":"container",
            "sysctls":{},"qosClass":"BestEffort","resources":{"hugepageLimits":{}},"labels":{}
            """#
        func decode(_ more: String) throws -> SandboxConfiguration {
            try JSONDecoder().decode(SandboxConfiguration.self, from: Data("{\(fields)\(more)}".utf8))
        }
        #expect(try decode("").hostPorts == nil)
        let ports = #","hostPorts":[{"port":80,"target":8080,"transport":"TCP"}]"#
        #expect(try decode(ports).hostPorts == [HostPort(port: 80, target: 8080)])
    }
}
