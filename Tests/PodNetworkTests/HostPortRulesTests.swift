import Nftables
import PodCore
import Testing

@testable import PodNetwork

@Suite struct HostPortRulesTests {
    static func sandbox(_ name: String, _ addresses: [String], _ ports: [HostPort]) -> SandboxNetwork {
        SandboxNetwork(
            sandboxID: NetworkFixture.id(0), pod: PodIdentity(namespace: "default", name: name, uid: name), addresses: addresses, hostPorts: ports)
    }

    static let ports = [
        HostPort(port: 8080, target: 80), HostPort(hostIP: "0.0.0.0", transport: .sctp, port: 8080, target: 81),
        HostPort(hostIP: "127.0.0.1", transport: .udp, port: 8080, target: 82), HostPort(hostIP: "::1", port: 8443, target: 443),
    ]

    @Test func theWholeTables() throws {
        let tables = HostPortRules.compile([try HostPortClaim(Self.sandbox("web", ["10.7.0.2", "fd07::2"], Self.ports))])
        #expect(tables.map(NftText.text(of:)) == [Self.golden, Self.golden6])
    }

    @Test func withoutPortsThereAreNoTables() throws {
        #expect(HostPortRules.compile([]).map(\.isEmpty) == [true, true])
        let tables = HostPortRules.compile([try HostPortClaim(Self.sandbox("web", ["10.7.0.2"], [HostPort(port: 80, target: 80)]))])
        #expect(tables.map(\.isEmpty) == [false, true], "a pod of one family")
    }

    /// Whether two pods may have both, by hostIP, protocol and port.
    @Test(arguments: [
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

    @Test(arguments: ["::1", "::", "localhost", "1.2.3"]) func portsThatCannotLeadToThePod(hostIP: String) throws {
        let error = #expect(throws: NetworkFailure.self) {
            try HostPortClaim(Self.sandbox("web", ["10.7.0.2"], [HostPort(hostIP: hostIP, port: 80, target: 80)]))
        }
        #expect(error?.code == .invalidPort)
        #expect(error?.message.contains("default/web") == true && error?.message.contains(hostIP) == true)
    }

    static let golden = """
        table ip swiftlet-hostports {
        \tcomment "host ports of this node's pods, kept by swiftlet"

        \tset hairpin {
        \t\ttype ipv4_addr . ipv4_addr
        \t\tcomment "pods that may reach themselves"
        \t\telements = { 10.7.0.2 . 10.7.0.2 }
        \t}

        \tset loopback {
        \t\ttype ipv4_addr
        \t\tflags interval
        \t\tcomment "addresses that do not leave the node"
        \t\telements = { 127.0.0.0/8 }
        \t}

        \tmap ports-of-all-addresses {
        \t\ttype inet_proto . inet_service : ipv4_addr . inet_service
        \t\tcomment "protocol . hostPort"
        \t\telements = { tcp . 8080 : 10.7.0.2 . 80,
        \t\t\t     sctp . 8080 : 10.7.0.2 . 81 }
        \t}

        \tmap ports-of-one-address {
        \t\ttype ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service
        \t\tcomment "hostIP . protocol . hostPort"
        \t\telements = { 127.0.0.1 . udp . 8080 : 10.7.0.2 . 82 }
        \t}

        \tchain forward {
        \t\tdnat ip to ip daddr . meta l4proto . th dport map @ports-of-one-address
        \t\tdnat ip to meta l4proto . th dport map @ports-of-all-addresses
        \t}

        \tchain output {
        \t\ttype nat hook output priority -99; policy accept;
        \t\tip saddr != @loopback fib daddr type local jump forward
        \t}

        \tchain postrouting {
        \t\ttype nat hook postrouting priority srcnat; policy accept;
        \t\tct status dnat ip saddr . ip daddr @hairpin masquerade fully-random comment "a pod that reaches itself answers through the node"
        \t}

        \tchain prerouting {
        \t\ttype nat hook prerouting priority dstnat + 1; policy accept;
        \t\tfib daddr type local jump forward
        \t}
        }

        """

    static let golden6 = """
        table ip6 swiftlet-hostports {
        \tcomment "host ports of this node's pods, kept by swiftlet"

        \tset hairpin {
        \t\ttype ipv6_addr . ipv6_addr
        \t\tcomment "pods that may reach themselves"
        \t\telements = { fd07::2 . fd07::2 }
        \t}

        \tset loopback {
        \t\ttype ipv6_addr
        \t\tflags interval
        \t\tcomment "addresses that do not leave the node"
        \t\telements = { ::1 }
        \t}

        \tmap ports-of-all-addresses {
        \t\ttype inet_proto . inet_service : ipv6_addr . inet_service
        \t\tcomment "protocol . hostPort"
        \t\telements = { tcp . 8080 : fd07::2 . 80 }
        \t}

        \tmap ports-of-one-address {
        \t\ttype ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service
        \t\tcomment "hostIP . protocol . hostPort"
        \t\telements = { ::1 . tcp . 8443 : fd07::2 . 443 }
        \t}

        \tchain forward {
        \t\tdnat ip6 to ip6 daddr . meta l4proto . th dport map @ports-of-one-address
        \t\tdnat ip6 to meta l4proto . th dport map @ports-of-all-addresses
        \t}

        \tchain output {
        \t\ttype nat hook output priority -99; policy accept;
        \t\tip6 saddr != @loopback fib daddr type local jump forward
        \t}

        \tchain postrouting {
        \t\ttype nat hook postrouting priority srcnat; policy accept;
        \t\tct status dnat ip6 saddr . ip6 daddr @hairpin masquerade fully-random comment "a pod that reaches itself answers through the node"
        \t}

        \tchain prerouting {
        \t\ttype nat hook prerouting priority dstnat + 1; policy accept;
        \t\tfib daddr type local jump forward
        \t}
        }

        """
}
