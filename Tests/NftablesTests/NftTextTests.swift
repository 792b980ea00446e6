import Addresses
import Testing

@testable import Nftables

@Suite struct NftTextTests {
    @Test("a table is printed as nft prints it") func aTableAsNftWritesIt() {
        let map = SetSchema(
            name: "endpoints", key: .typeOf([.random(modulus: 2), .destinationAddress, .transportProtocol, .destinationPort]),
            value: .data(.typeOf([.destinationAddress, .destinationPort])), comment: "slot . frontend")
        var key = PackedBytes()
        key.append(host: 1)
        key.append(field: [10, 96, 0, 1])
        key.append(field: [6])
        key.append(bigEndian: UInt16(80))
        var value = PackedBytes()
        value.append(field: [10, 244, 0, 2])
        value.append(bigEndian: UInt16(8080))
        let ranges = SetSchema(name: "ranges", key: .types([.ipv4]), isInterval: true)
        let clients = SetSchema(name: "clients", key: .types([.ipv4]), isDynamic: true, timeout: 10800, size: 65535)
        let table = Table(
            TableID(.ip, "t"), comment: "a \"quoted\" comment",
            sets: [
                NamedSet(map, elements: [key: .data(value)]),
                NamedSet(
                    ranges,
                    elements: [
                        PackedBytes([10, 244, 0, 0]): .through(PackedBytes([10, 244, 255, 255])),
                        PackedBytes([10, 9, 0, 1]): .through(PackedBytes([10, 9, 0, 3])),
                    ]),
                NamedSet(clients),
            ],
            chains: [
                Chain(
                    "pick-2",
                    rules: [Rule(.destinationNATMap([.random(modulus: 2), .destinationAddress, .transportProtocol, .destinationPort], "endpoints"))]),
                Chain(
                    "nat-output", hook: Hook(.nat, .output, priority: -100),
                    rules: [
                        Rule(
                            .equals(.transportProtocol, PackedBytes([17]), inverted: true), .update([.sourceAddress], "clients"),
                            .verdict(.goto("pick-2"))),
                        Rule(
                            .anyBit(.connectionStatus, 32), .inSet([.sourceAddress], "ranges", inverted: true), .masquerade(fullyRandom: true),
                            comment: "why"),
                        Rule(.anyBit(.mark, 0x4000), .setMark(0x4000), .reject),
                    ]),
            ])
        let expected = """
            table ip t {
            \tcomment "a 'quoted' comment"

            \tset clients {
            \t\ttype ipv4_addr
            \t\tsize 65535
            \t\tflags dynamic,timeout
            \t\ttimeout 3h
            \t}

            \tmap endpoints {
            \t\ttypeof numgen random mod 2 . ip daddr . meta l4proto . th dport : ip daddr . th dport
            \t\tcomment "slot . frontend"
            \t\telements = { 1 . 10.96.0.1 . tcp . 80 : 10.244.0.2 . 8080 }
            \t}

            \tset ranges {
            \t\ttype ipv4_addr
            \t\tflags interval
            \t\telements = { 10.9.0.1-10.9.0.3,
            \t\t\t     10.244.0.0/16 }
            \t}

            \tchain nat-output {
            \t\ttype nat hook output priority -100; policy accept;
            \t\tmeta l4proto != udp update @clients { ip saddr } goto pick-2
            \t\tct status dnat ip saddr != @ranges masquerade fully-random comment "why"
            \t\tmeta mark & 0x00004000 != 0x00000000 meta mark set meta mark | 0x00004000 reject
            \t}

            \tchain pick-2 {
            \t\tdnat ip to numgen random mod 2 . ip daddr . meta l4proto . th dport map @endpoints
            \t}
            }

            """
        #expect(NftText.text(of: table) == expected)
    }

    @Test(
        "an IPv6 address is shortened",
        arguments: [
            ([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1] as [UInt8], "fd00::1"),
            ([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], "::"), ([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], "::1"),
            ([0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0], "2001:db8:0:1::"),
            ([0, 1, 0, 2, 0, 3, 0, 0, 0, 5, 0, 6, 0, 7, 0, 8], "1:2:3:0:5:6:7:8"),
        ])
    func ipv6IsShortened(bytes: [UInt8], text: String) { #expect(NftText.text(of: bytes, type: .ipv6) == text) }

    @Test("durations are written in days, hours, minutes and seconds") func durations() {
        #expect([0, 59, 60, 3600, 10800, 90061].map { NftText.duration($0) } == ["0s", "59s", "1m", "1h", "3h", "1d1h1m1s"])
    }
}

@Suite struct PackedBytesTests {
    @Test("fields of a concatenation are padded") func fieldsArePadded() {
        var bytes = PackedBytes()
        bytes.append(field: [6])
        bytes.append(bigEndian: UInt16(80))
        #expect(bytes.array == [6, 0, 0, 0, 0, 80, 0, 0])
        #expect(bytes == PackedBytes([6, 0, 0, 0, 0, 80, 0, 0]) && bytes != PackedBytes([6, 0, 0, 0, 0, 80, 0]))
        #expect(PackedBytes([1]) != PackedBytes([1, 0]))
    }

    @Test("a value has a successor and a predecessor except at the ends") func neighbours() {
        #expect(PackedBytes([10, 0, 0, 255]).successor == PackedBytes([10, 0, 1, 0]))
        #expect(PackedBytes([255, 255]).successor == nil)
        #expect(PackedBytes([10, 0, 1, 0]).predecessor == PackedBytes([10, 0, 0, 255]))
        #expect(PackedBytes([0, 0]).predecessor == nil)
        #expect(PackedBytes([9, 255]) < PackedBytes([10, 0]))
    }
}

@Suite struct LinearizerTests {
    @Test("concatenations fill registers one after the other") func concatenationsFillRegistersOneByOne() throws {
        let rule = Rule(.destinationNATMap([.random(modulus: 3), .destinationAddress, .transportProtocol, .destinationPort], "m"))
        #expect(
            try Linearizer.instructions(of: rule, in: .ip) == [
                .random(modulus: 3, to: Register(index: 0)), .payload(.network, offset: 16, length: 4, to: Register(index: 1)),
                .meta(.transportProtocol, to: Register(index: 2)), .payload(.transport, offset: 2, length: 2, to: Register(index: 3)),
                .lookup(Register(index: 0), set: "m", to: Register(index: 0), inverted: false),
                .destinationNAT(.ip, address: Register(index: 0), port: Register(index: 1)),
            ])
        let registers = try Linearizer.instructions(of: rule, in: .ip6)
        #expect(registers[2] == .meta(.transportProtocol, to: Register(index: 5)))
        #expect(registers.last == .destinationNAT(.ip6, address: Register(index: 0), port: Register(index: 4)))
        #expect([0, 1, 4, 5].map { Register(index: $0).number } == [1, 9, 2, 13])
    }

    @Test("a foreign rule cannot be linearised") func foreignRulesAreRefused() {
        #expect(throws: NftablesError.self) { try Linearizer.instructions(of: Rule(.foreign("x")), in: .ip) }
    }

    @Test("a map that packets write is printed as nft prints it") func mapUpdates() {
        let isPort = Statement.equals(.destinationPortOf(.udp), PackedBytes([0, 0]), inverted: true)
        let rule = Rule(
            isPort,
            .updateMap(
                [.sourceAddress, .originalDestinationAddress, .transportProtocol, .originalDestinationPort], "places", timeout: 90,
                value: [.destinationAddress, .destinationPortOf(.udp)]))
        #expect(
            NftText.text(of: rule, in: .ip6)
                == "udp dport != 0 update @places { ip6 saddr . ct original ip6 daddr . meta l4proto . ct original proto-dst timeout 1m30s : ip6 daddr . udp dport }"
        )
        #expect(NftText.text(of: Rule(.resetConnection), in: .ip) == "reject with tcp reset")
    }

    @Test("the key of a map's update lies in front of its value, within the rule machine's 16 registers") func registersOfMapUpdates() throws {
        let rule = Rule(
            .updateMap(
                [.sourceAddress, .originalDestinationAddress, .transportProtocol, .originalDestinationPort], "places", timeout: 5,
                value: [.destinationAddress, .destinationPort]))
        let last = try #require(try Linearizer.instructions(of: rule, in: .ip6).last)
        #expect(last == .updateMap(set: "places", key: Register(index: 0), value: Register(index: 10), timeout: 5))
        #expect(try Linearizer.instructions(of: Rule(.resetConnection), in: .ip).map { "\($0)" }.last == "resetConnection")
    }

    @Test("ranges of several fields are printed field by field") func rangesOfSeveralFields() {
        let schema = SetSchema(name: "admitted", key: .types([.ipv4, .protocolNumber, .port, .ipv4]), isInterval: true)
        func key(_ client: [UInt8]) -> PackedBytes { PackedBytes([203, 0, 113, 9, 6, 0, 0, 0, 0, 80, 0, 0] + client) }
        let set = NamedSet(
            schema, elements: [key([10, 0, 0, 0]): .through(key([10, 0, 255, 255])), key([10, 2, 0, 1]): .through(key([10, 2, 0, 1]))])
        #expect(NftText.text(of: set, in: .ip).contains { $0.contains("203.0.113.9 . tcp . 80 . 10.0.0.0/16,") })
        #expect(NftText.text(of: set, in: .ip).contains { $0.contains("203.0.113.9 . tcp . 80 . 10.2.0.1 }") })
    }
}
