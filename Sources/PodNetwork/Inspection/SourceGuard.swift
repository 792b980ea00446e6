package import Addresses
package import LinuxNetlink

/// The program that keeps a pod from sending in another's name: on the pod's interface on the node, for every frame that comes from the pod.
///
/// A frame passes with the pod's link address, and as IPv4, ARP or IPv6 from the pod's own address. IPv6 has its link-local and unspecified addresses
/// besides, and may claim to be the neighbour of these alone.
package struct SourceGuard: Sendable, Hashable {
    package static let name = "swiftlet-source"

    package let program: PacketProgram

    /// The guard of a pod with these addresses, the primary family first; `nil` without any.
    package init?(_ addresses: [IPAddress]) {
        guard let first = addresses.first else { return nil }
        self.init(mac: MACAddress(for: first), addresses: addresses)
    }

    /// - Parameters:
    ///   - mac: of the interface in the pod.
    ///   - addresses: at most one of each family.
    package init(mac: MACAddress, addresses: [IPAddress]) {
        let v4 = addresses.first { $0.family == .v4 }
        let v6 = addresses.first { $0.family == .v6 }
        let source = Self.words(mac.bytes)
        var steps: [PacketProgram.Step] = [
            .load(offset: Frame.source, bytes: 4), .unlessEqual(source[0], "drop"), .load(offset: Frame.source + 4, bytes: 2),
            .unlessEqual(source[1], "drop"), .load(offset: Frame.protocol, bytes: 2),
        ]
        if v4 != nil { steps += [.whenEqual(0x0800, "ipv4"), .whenEqual(0x0806, "arp")] }
        if v6 != nil { steps += [.whenEqual(0x86dd, "ipv6")] }
        steps.append(.end(.drop))
        if let v4 { steps += Self.ipv4(UInt32(v4.value)) + Self.arp(UInt32(v4.value), source) }
        if let v6 { steps += Self.ipv6(Self.words(v6.bytes)) }
        steps += [.mark("drop"), .end(.drop), .mark("pass"), .end(.pass)]
        program = PacketProgram(steps)
    }

    /// Offsets in an Ethernet frame.
    private enum Frame {
        static let source: UInt32 = 6
        static let `protocol`: UInt32 = 12
        static let ipv4Source: UInt32 = 26
        static let arpHardware: UInt32 = 22
        static let arpAddress: UInt32 = 28
        static let ipv6Next: UInt32 = 20
        static let ipv6Source: UInt32 = 22
        /// Behind the IPv6 header.
        static let payload: UInt32 = 54
    }

    private static func ipv4(_ address: UInt32) -> [PacketProgram.Step] {
        [.mark("ipv4"), .load(offset: Frame.ipv4Source, bytes: 4), .whenEqual(address, "pass"), .end(.drop)]
    }

    private static func arp(_ address: UInt32, _ mac: [UInt32]) -> [PacketProgram.Step] {
        [
            .mark("arp"), .load(offset: Frame.arpHardware, bytes: 4), .unlessEqual(mac[0], "drop"), .load(offset: Frame.arpHardware + 4, bytes: 2),
            .unlessEqual(mac[1], "drop"), .load(offset: Frame.arpAddress, bytes: 4), .whenEqual(address, "pass"),
            // A probe whether an address is free.
            .whenEqual(0, "pass"), .end(.drop),
        ]
    }

    private static func ipv6(_ address: [UInt32]) -> [PacketProgram.Step] {
        var steps: [PacketProgram.Step] = [.mark("ipv6")]
        steps += same(address, at: Frame.ipv6Source, "from-own", otherwise: "not-own")
        steps += [.mark("not-own"), .load(offset: Frame.ipv6Source, bytes: 4), .and(linkLocalMask), .whenEqual(linkLocal, "from-own")]
        steps += same([0, 0, 0, 0], at: Frame.ipv6Source, "from-own", otherwise: "drop")
        steps += [
            .mark("from-own"), .load(offset: Frame.ipv6Next, bytes: 1), .whenEqual(58, "icmp"), .whenEqual(0, "hop-by-hop"),
            // An advertisement could hide behind destination options or a routing header.
            .whenEqual(60, "drop"), .whenEqual(43, "drop"), .end(.pass),
            // Group membership alone has hop-by-hop options in front, eight bytes of them.
            .mark("hop-by-hop"), .load(offset: Frame.payload, bytes: 2), .unlessEqual(58 << 8, "drop"), .load(offset: Frame.payload + 8, bytes: 1),
            .whenEqual(131, "pass"), .whenEqual(132, "pass"), .whenEqual(143, "pass"), .end(.drop),
            // Pods are no routers: advertisements and redirects would lead their neighbours' traffic to them. A neighbour advertisement: for the pod's
            // own addresses.
            .mark("icmp"), .load(offset: Frame.payload, bytes: 1), .whenEqual(134, "drop"), .whenEqual(137, "drop"), .unlessEqual(136, "pass"),
            .load(offset: Frame.payload + 8, bytes: 4),
            .and(linkLocalMask), .whenEqual(linkLocal, "pass"),
        ]
        return steps + same(address, at: Frame.payload + 8, "pass", otherwise: "drop")
    }

    /// Goes to `mark` when the address at the offset is this one.
    private static func same(_ address: [UInt32], at offset: UInt32, _ mark: String, otherwise: String) -> [PacketProgram.Step] {
        var steps: [PacketProgram.Step] = []
        for (index, word) in address.enumerated() {
            steps.append(.load(offset: offset + UInt32(index) * 4, bytes: 4))
            steps.append(index == 3 ? .whenEqual(word, mark) : .unlessEqual(word, otherwise))
        }
        return steps + (otherwise == "drop" ? [.end(.drop)] : [])
    }

    private static let linkLocalMask: UInt32 = 0xffc0_0000
    private static let linkLocal: UInt32 = 0xfe80_0000

    /// Four bytes each, the last word as many as are left.
    private static func words(_ bytes: [UInt8]) -> [UInt32] {
        stride(from: 0, to: bytes.count, by: 4).map { start in
            bytes[start..<min(start + 4, bytes.count)].reduce(0) { $0 << 8 | UInt32($1) }
        }
    }
}
