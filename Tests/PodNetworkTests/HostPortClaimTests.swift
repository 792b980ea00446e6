import Addresses
import Nftables
import PodCore
import ProxyCore
import Testing

@testable import PodNetwork

@Suite struct HostPortClaimTests {
    static func sandbox(_ name: String, _ addresses: [String], _ ports: [HostPort]) -> SandboxNetwork {
        SandboxNetwork(
            sandboxID: NetworkFixture.id(0), pod: PodIdentity(namespace: "default", name: name, uid: name), addresses: addresses, hostPorts: ports)
    }

    static let ports = [
        HostPort(port: 8080, target: 80), HostPort(hostIP: "0.0.0.0", transport: .sctp, port: 8080, target: 81),
        HostPort(hostIP: "127.0.0.1", transport: .udp, port: 8080, target: 82), HostPort(hostIP: "::1", port: 8443, target: 443),
    ]

    @Test("a claim has a frontend for each port and family, an unspecified address for every address of the node") func targets() throws {
        let claim = try HostPortClaim(Self.sandbox("web", ["10.7.0.2", "fd07::2"], Self.ports))
        let texts = claim.targets.map { "\($0.key) \($0.value.address) \($0.value.port)" }
        #expect(
            texts.sorted() == [
                "0.0.0.0:8080/SCTP 10.7.0.2 81", "0.0.0.0:8080/TCP 10.7.0.2 80", "127.0.0.1:8080/UDP 10.7.0.2 82", "[::1]:8443/TCP fd07::2 443",
                "[::]:8080/TCP fd07::2 80",
            ])
    }

    @Test("a pod of one family has no table of the other") func oneFamily() throws {
        let claim = try HostPortClaim(Self.sandbox("web", ["10.7.0.2"], [HostPort(port: 80, target: 80)]))
        #expect(HostPortCompiler.compile([claim.targets]).map(\.isEmpty) == [false, true])
    }

    @Test(
        "two pods cannot have the same port, protocol and host address, and every address is each of them",
        arguments: [
            (HostPort(port: 80, target: 1), HostPort(port: 80, target: 2), true),
            (HostPort(port: 80, target: 1), HostPort(port: 81, target: 1), false),
            (HostPort(port: 80, target: 1), HostPort(transport: .udp, port: 80, target: 1), false),
            (HostPort(hostIP: "127.0.0.1", port: 80, target: 1), HostPort(hostIP: "192.0.2.10", port: 80, target: 1), false),
            (HostPort(hostIP: "127.0.0.1", port: 80, target: 1), HostPort(hostIP: "127.0.0.1", port: 80, target: 1), true),
            (HostPort(hostIP: "127.0.0.1", port: 80, target: 1), HostPort(port: 80, target: 1), true),
            (HostPort(hostIP: "0.0.0.0", port: 80, target: 1), HostPort(hostIP: "127.0.0.1", port: 80, target: 1), true),
            (HostPort(hostIP: "0.0.0.0", port: 80, target: 1), HostPort(hostIP: "::", port: 80, target: 1), false),
            (HostPort(hostIP: "fd07:0::1", port: 80, target: 1), HostPort(hostIP: "fd07::1", port: 80, target: 1), true),
        ])
    func collisions(first: HostPort, second: HostPort, collide: Bool) throws {
        let one = try HostPortClaim(Self.sandbox("a", ["10.7.0.2", "fd07::2"], [first]))
        let other = try HostPortClaim(Self.sandbox("b", ["10.7.0.3", "fd07::3"], [second]))
        #expect((one.collision(with: other) != nil) == collide)
        #expect((other.collision(with: one) != nil) == collide)
    }

    @Test("a host address that cannot lead to the pod is refused by its text", arguments: ["::1", "::", "localhost", "1.2.3"])
    func portsThatCannotLeadToThePod(hostIP: String) throws {
        let error = #expect(throws: NetworkFailure.self) {
            try HostPortClaim(Self.sandbox("web", ["10.7.0.2"], [HostPort(hostIP: hostIP, port: 80, target: 80)]))
        }
        #expect(error?.code == .invalidPort)
        #expect(error?.message.contains("default/web") == true && error?.message.contains(hostIP) == true)
    }
}
