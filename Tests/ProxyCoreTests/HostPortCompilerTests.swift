import Addresses
import Nftables
import ProxyCore
import Testing

@Suite struct HostPortCompilerTests {
    private static func frontend(_ address: String, _ transport: TransportProtocol, _ port: UInt16) throws -> Frontend {
        Frontend(address: try #require(IPAddress(address)), transport: transport, port: port)
    }

    private static func target(_ address: String, _ port: UInt16) throws -> Endpoint.Target {
        Endpoint.Target(address: try #require(IPAddress(address)), port: port)
    }

    private static func web() throws -> [Frontend: Endpoint.Target] {
        [
            try frontend("0.0.0.0", .tcp, 8080): try target("10.7.0.2", 80), try frontend("::", .tcp, 8080): try target("fd07::2", 80),
            try frontend("0.0.0.0", .sctp, 8080): try target("10.7.0.2", 81), try frontend("127.0.0.1", .udp, 8080): try target("10.7.0.2", 82),
            try frontend("::1", .tcp, 8443): try target("fd07::2", 443),
        ]
    }

    @Test("the tables of a claim with every kind of port") func theWholeTables() throws {
        #expect(HostPortCompiler.compile([try Self.web()]).map(NftText.text(of:)) == [Self.golden, Self.golden6])
    }

    @Test("a family without ports has an empty table") func withoutPortsThereAreNoTables() throws {
        #expect(HostPortCompiler.compile([[Frontend: Endpoint.Target]]()).map(\.isEmpty) == [true, true])
        let claim = [try Self.frontend("0.0.0.0", .tcp, 80): try Self.target("10.7.0.2", 80)]
        #expect(HostPortCompiler.compile([claim]).map(\.isEmpty) == [false, true])
        #expect(HostPortCompiler.compile([claim]).map(\.id) == HostPortCompiler.tables)
    }

    @Test("a removed claim leaves the tables of the others") func removal() throws {
        let other = [try Self.frontend("0.0.0.0", .tcp, 443): try Self.target("10.7.0.3", 443)]
        var elements = HostPortElements()
        elements.add(try Self.web())
        elements.add(other)
        elements.remove(try Self.web())
        #expect(HostPortCompiler.compile(elements) == HostPortCompiler.compile([other]))
        elements.remove(other)
        #expect(HostPortCompiler.compile(elements).map(\.isEmpty) == [true, true])
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

        \tchain guard {
        \t\ttype filter hook prerouting priority -190; policy accept;
        \t\tip daddr @loopback fib saddr type != local drop comment "the node's loopback is for the node"
        \t}

        \tchain output {
        \t\ttype nat hook output priority -99; policy accept;
        \t\tfib daddr type local jump forward
        \t}

        \tchain postrouting {
        \t\ttype nat hook postrouting priority srcnat; policy accept;
        \t\tct status dnat ip saddr . ip daddr @hairpin masquerade fully-random comment "a pod that reaches itself answers through the node"
        \t\tct status dnat ip saddr @loopback masquerade fully-random comment "pods answer 127.0.0.1 through the node"
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
