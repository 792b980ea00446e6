import CMnl
import Glibc
import LinuxNetlink
import LinuxSystem
package import Nftables

extension KernelRulesetStore: ForwardFilters {
    package func droppingChains(exceptNaming interface: String) async throws -> [ForwardChain] {
        try await pool.run("nf_tables chains") { [socket] in
            for _ in 0..<Self.readAttempts {
                do {
                    return try Self.droppingChains(socket, exceptNaming: interface)
                } catch let error as NetlinkError where error.code == .interrupted || error.errno == ENOENT {
                    continue
                } catch let error as NetlinkError {
                    throw NftablesError(code: .unavailable, errno: error.errno, detail: "reading the chains of all tables: \(error)")
                }
            }
            throw NftablesError(code: .stale, errno: EAGAIN, detail: "the chains of all tables kept changing while they were read")
        }
    }

    package func chainChanges() async throws -> AsyncStream<Void> {
        try await pool.run("nf_tables subscription") { [namespace, namespaceID] in
            try ForeignChanges.chains(try Self.open(namespace, receiveBuffer: 2 << 20), in: namespaceID)
        }
    }

    /// NFPROTO_INET, NFPROTO_IPV4, NFPROTO_BRIDGE, NFPROTO_IPV6.
    private static let families: [UInt8: String] = [1: "inet", 2: "ip", 7: "bridge", 10: "ip6"]

    private static func droppingChains(_ socket: NetlinkSocket, exceptNaming interface: String) throws -> [ForwardChain] {
        let request = TableReader.request("NFT_MSG_GETCHAIN", NFT_MSG_GETCHAIN, family: nil)
        var found: [ForwardChain] = []
        for reply in try socket.dump(request) {
            let attributes = reply.attributes(after: nfgenmsg.self)
            // NF_INET_FORWARD and NF_BR_FORWARD are the same number.
            guard let number = reply.header(as: nfgenmsg.self)?.nfgen_family, let family = families[number],
                let table = attributes[NFTA_CHAIN_TABLE.rawValue]?.string, let name = attributes[NFTA_CHAIN_NAME.rawValue]?.string,
                attributes[NFTA_CHAIN_HOOK.rawValue]?.nested[NFTA_HOOK_HOOKNUM.rawValue]?.bigEndian32 == 2,
                attributes[NFTA_CHAIN_POLICY.rawValue]?.bigEndian32 == UInt32(bitPattern: Verdict.drop.code)
            else { continue }
            if try !hasRule(naming: interface, table, number, socket) { found.append(ForwardChain(family: family, table: table, name: name)) }
        }
        return found
    }

    /// Whether a rule of the table compares with the interface's name.
    private static func hasRule(naming interface: String, _ table: String, _ family: UInt8, _ socket: NetlinkSocket) throws(NetlinkError) -> Bool {
        var request = TableReader.request("NFT_MSG_GETRULE", NFT_MSG_GETRULE, familyNumber: family)
        request.attribute(NFTA_RULE_TABLE.rawValue, string: table)
        let name = Array(interface.utf8) + [0]
        return try socket.dump(request).contains { reply in
            let attributes = reply.attributes(after: nfgenmsg.self)
            guard attributes[NFTA_RULE_TABLE.rawValue]?.string == table, let steps = attributes[NFTA_RULE_EXPRESSIONS.rawValue]?.bytes else {
                return false
            }
            return steps.contains(name)
        }
    }
}
