import CMnl
import LinuxNetlink
import Nftables

/// Turns nf_tables notifications into requests to read the tables again.
enum ForeignChanges {
    /// - Parameter namespace: the inode of the socket's network namespace.
    static func stream(_ socket: NetlinkSocket, in namespace: UInt64, tables: [TableID]) throws -> AsyncStream<Void> {
        let (stream, continuation) = try NotificationStream.start(socket) { concerns(tables, $0) }
        try ChangeListeners.shared.add(socket, in: namespace, continuation)
        return stream
    }

    /// A value after each change of a chain or a rule in any table.
    static func chains(_ socket: NetlinkSocket, in namespace: UInt64) throws -> AsyncStream<Void> {
        let types = [NFT_MSG_NEWCHAIN, NFT_MSG_DELCHAIN, NFT_MSG_NEWRULE, NFT_MSG_DELRULE].map { UInt16($0.rawValue) }
        let (stream, continuation) = try NotificationStream.start(socket) { reply in
            reply.type >> 8 == UInt16(NFNL_SUBSYS_NFTABLES) && types.contains(reply.type & 0xff)
        }
        try ChangeListeners.shared.add(socket, in: namespace, continuation)
        return stream
    }

    private static func concerns(_ tables: [TableID], _ reply: NetlinkReply) -> Bool {
        guard reply.type >> 8 == UInt16(NFNL_SUBSYS_NFTABLES), reply.type & 0xff != UInt16(NFT_MSG_NEWGEN.rawValue),
            let family = reply.header(as: nfgenmsg.self)?.nfgen_family,
            // Attribute 1 of every object's message is its table.
            let table = reply.attributes(after: nfgenmsg.self)[NFTA_TABLE_NAME.rawValue]?.string
        else { return false }
        return tables.contains { $0.family.rawValue == family && $0.name == table }
    }
}
