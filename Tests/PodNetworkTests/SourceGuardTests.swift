import Addresses
import LinuxNetlink
import PodNetwork
import Testing

/// The program that checks the source of a pod's frames, run here step by step over frames made by hand.
@Suite struct SourceGuardTests {
    private static let mac: [UInt8] = [0x0a, 0x58, 10, 7, 0, 2]
    private static let own4: [UInt8] = [10, 7, 0, 2]
    private static let own6: [UInt8] = [0xfd, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]
    private static let other6: [UInt8] = [0xfd, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3]
    private static let linkLocal: [UInt8] = [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 8, 0x58, 10, 0xff, 0xfe, 7, 0, 2]
    private static let zero6 = [UInt8](repeating: 0, count: 16)

    private let both: PacketProgram

    init() throws {
        both = try Self.program(["10.7.0.2", "fd07::2"])
    }

    private static func program(_ addresses: [String]) throws -> PacketProgram {
        try #require(SourceGuard(addresses.compactMap { IPAddress($0) })).program
    }

    private static func frame(_ type: UInt16, _ payload: [UInt8], from mac: [UInt8] = mac) -> [UInt8] {
        [0xff, 0xff, 0xff, 0xff, 0xff, 0xff] + mac + [UInt8(type >> 8), UInt8(type & 0xff)] + payload
    }

    private static func ipv4(from source: [UInt8]) -> [UInt8] {
        frame(0x0800, [0x45, 0] + [UInt8](repeating: 0, count: 10) + source + [8, 8, 8, 8])
    }

    private static func arp(_ hardware: [UInt8], _ address: [UInt8]) -> [UInt8] {
        frame(0x0806, [0, 1, 8, 0, 6, 4, 0, 2] + hardware + address + [0, 0, 0, 0, 0, 0, 10, 7, 0, 1])
    }

    private static func ipv6(from source: [UInt8], next: UInt8 = 17, _ payload: [UInt8] = [UInt8](repeating: 0, count: 24)) -> [UInt8] {
        frame(0x86dd, [0x60, 0, 0, 0, 0, 24, next, 255] + source + other6 + payload)
    }

    private static func advertisement(of target: [UInt8]) -> [UInt8] { [136, 0, 0, 0, 0x60, 0, 0, 0] + target }

    /// The kernel's machine, as far as these programs need it.
    private func verdict(_ program: PacketProgram, _ frame: [UInt8]) throws -> PacketProgram.Verdict? {
        var accumulator: UInt32 = 0
        var place = 0
        while program.instructions.indices.contains(place) {
            let step = program.instructions[place]
            place += 1
            switch step.code {
            case 0x20, 0x28, 0x30:
                let (start, size) = (Int(step.value), step.code == 0x20 ? 4 : step.code == 0x28 ? 2 : 1)
                guard start + size <= frame.count else { return .pass }
                accumulator = frame[start..<start + size].reduce(0) { $0 << 8 | UInt32($1) }
            case 0x54: accumulator &= step.value
            case 0x15: place += Int(accumulator == step.value ? step.whenTrue : step.whenFalse)
            case 0x06: return PacketProgram.Verdict(rawValue: step.value)
            default: Issue.record("code \(step.code)")
            }
        }
        return nil
    }

    @Test("a pod's own packets pass") func own() throws {
        for frame in [
            Self.ipv4(from: Self.own4), Self.arp(Self.mac, Self.own4), Self.arp(Self.mac, [0, 0, 0, 0]), Self.ipv6(from: Self.own6),
            Self.ipv6(from: Self.linkLocal), Self.ipv6(from: Self.zero6, next: 58, [135] + [UInt8](repeating: 0, count: 23)),
            Self.ipv6(from: Self.own6, next: 58, Self.advertisement(of: Self.own6)),
            Self.ipv6(from: Self.linkLocal, next: 58, Self.advertisement(of: Self.linkLocal)),
            Self.ipv6(from: Self.own6, next: 58, [128] + [UInt8](repeating: 0, count: 23)), Self.ipv6(from: Self.own6, next: 44),
            Self.ipv6(from: Self.linkLocal, next: 0, [58, 0, 5, 2, 0, 0, 1, 0, 143, 0] + [UInt8](repeating: 0, count: 14)),
        ] { #expect(try verdict(both, frame) == .pass, "\(frame)") }
    }

    @Test("packets in another's name are dropped") func foreign() throws {
        for frame in [
            Self.ipv4(from: [10, 7, 0, 3]), Self.ipv4(from: [127, 0, 0, 1]), Self.ipv4(from: [0, 0, 0, 0]),
            Self.frame(0x0800, [0x45, 0] + [UInt8](repeating: 0, count: 10) + Self.own4 + [8, 8, 8, 8], from: [0x0a, 0x58, 10, 7, 0, 3]),
            Self.frame(0x0800, [0x45, 0] + [UInt8](repeating: 0, count: 10) + Self.own4 + [8, 8, 8, 8], from: [0x0a, 0x59, 10, 7, 0, 2]),
            Self.arp(Self.mac, [10, 7, 0, 1]), Self.arp([0x0a, 0x58, 10, 7, 0, 3], Self.own4), Self.ipv6(from: Self.other6),
            Self.ipv6(from: [UInt8](repeating: 0, count: 15) + [1]), Self.ipv6(from: Self.own6, next: 58, Self.advertisement(of: Self.other6)),
            Self.ipv6(from: Self.linkLocal, next: 58, Self.advertisement(of: Self.other6)), Self.ipv6(from: Self.own6, next: 60),
            Self.ipv6(from: Self.own6, next: 43),
            Self.ipv6(from: Self.own6, next: 0, [58, 0, 5, 2, 0, 0, 1, 0] + Self.advertisement(of: Self.other6)),
            Self.ipv6(from: Self.own6, next: 0, [58, 1, 5, 2, 0, 0, 1, 0] + [UInt8](repeating: 143, count: 16)),
            Self.frame(0x8100, [0, 1, 8, 0]), Self.frame(0x88cc, [0, 0, 0, 0]),
        ] { #expect(try verdict(both, frame) == .drop, "\(frame)") }
    }

    @Test("a pod of one family sends nothing of the other") func oneFamily() throws {
        let only4 = try Self.program(["10.7.0.2"])
        #expect(try verdict(only4, Self.ipv4(from: Self.own4)) == .pass && verdict(only4, Self.ipv6(from: Self.linkLocal)) == .drop)
        let only6 = SourceGuard(mac: try #require(MACAddress(bytes: Self.mac)), addresses: [try #require(IPAddress("fd07::2"))]).program
        #expect(try verdict(only6, Self.ipv6(from: Self.own6)) == .pass && verdict(only6, Self.arp(Self.mac, Self.own4)) == .drop)
        #expect(SourceGuard([]) == nil)
    }
}
