package import Addresses
import CMnl
import LinuxNetlink
package import Nftables

/// One step of a packet's way through the tables, as the kernel tells it (NFT_MSG_TRACE).
package struct TraceStep: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        /// A rule with this handle has matched.
        case rule(handle: UInt64)
        /// The end of a chain.
        case end
        /// The end of a base chain: its policy counts.
        case policy
    }

    /// The same for all steps of one packet in one network namespace.
    package let packet: UInt32
    /// As nft writes it, `inet filter`; of any program and family.
    package let table: String
    /// `nil` for tables of other families than IPv4 and IPv6.
    package let tableID: TableID?
    package let chain: String
    package let kind: Kind
    /// In nft's words; "continue" where the next rule comes.
    package let verdict: String
    /// Where the packet goes by now, where the kernel tells it: with the first step of each base chain.
    package let destination: Destination?

    package struct Destination: Sendable, Hashable {
        package let address: IPAddress
        package let port: UInt16?

        package init(address: IPAddress, port: UInt16?) {
            self.address = address
            self.port = port
        }
    }

    init?(_ reply: NetlinkReply) {
        guard reply.type >> 8 == UInt16(NFNL_SUBSYS_NFTABLES), reply.type & 0xff == UInt16(NFT_MSG_TRACE.rawValue),
            let family = reply.header(as: nfgenmsg.self)?.nfgen_family
        else { return nil }
        let attributes = reply.attributes(after: nfgenmsg.self)
        guard let name = attributes[NFTA_TRACE_TABLE.rawValue]?.string, let chain = attributes[NFTA_TRACE_CHAIN.rawValue]?.string else { return nil }
        packet = attributes[NFTA_TRACE_ID.rawValue]?.bigEndian32 ?? 0
        tableID = TableFamily(rawValue: family).map { TableID($0, name) }
        table = "\(Self.families[family] ?? "family \(family)") \(name)"
        self.chain = chain
        switch attributes[NFTA_TRACE_TYPE.rawValue]?.bigEndian32 {
        // Behind the last rule there is none to name.
        case NFT_TRACETYPE_RULE.rawValue?: kind = attributes[NFTA_TRACE_RULE_HANDLE.rawValue]?.bigEndian64.map { .rule(handle: $0) } ?? .end
        case NFT_TRACETYPE_POLICY.rawValue?: kind = .policy
        default: kind = .end
        }
        verdict = Self.text(attributes[NFTA_TRACE_VERDICT.rawValue]?.nested, policy: attributes[NFTA_TRACE_POLICY.rawValue]?.bigEndian32)
        destination = Self.destination(
            network: attributes[NFTA_TRACE_NETWORK_HEADER.rawValue]?.bytes, transport: attributes[NFTA_TRACE_TRANSPORT_HEADER.rawValue]?.bytes)
    }

    /// NFPROTO_*
    private static let families: [UInt8: String] = [1: "inet", 2: "ip", 3: "arp", 5: "netdev", 7: "bridge", 10: "ip6"]

    private static func text(_ verdict: NetlinkAttributes?, policy: UInt32?) -> String {
        let code = (verdict?[NFTA_VERDICT_CODE.rawValue]?.bigEndian32 ?? policy).map { Int32(bitPattern: $0) }
        guard let code, let known = Verdict(code: code, chain: verdict?[NFTA_VERDICT_CHAIN.rawValue]?.string) else { return "continue" }
        return known.text
    }

    /// From the beginnings of the headers, as far as the kernel sends them.
    private static func destination(network: ArraySlice<UInt8>?, transport: ArraySlice<UInt8>?) -> Destination? {
        guard let network, let first = network.first else { return nil }
        let (offset, size) = first >> 4 == 4 ? (16, 4) : (24, 16)
        guard network.count >= offset + size, let address = IPAddress(bytes: network.dropFirst(offset).prefix(size)) else { return nil }
        let port = transport.flatMap { $0.count >= 4 ? UInt16($0[$0.startIndex + 2]) << 8 | UInt16($0[$0.startIndex + 3]) : nil }
        return Destination(address: address, port: port)
    }
}
