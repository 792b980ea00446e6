import Addresses
import CMnl
import Glibc
package import LinuxSystem

/// The kernel's table of tracked connections.
package struct ConntrackTable: Sendable {
    private let socket: NetlinkSocket
    private let pool: BlockingPool

    /// - Parameter namespace: the network namespace to work in, the calling thread's when `nil`.
    package init(namespace: OwnedFileDescriptor? = nil, pool: BlockingPool = .shared) throws {
        // A busy table is read at once, so the buffer has room for the messages that the kernel sends ahead.
        let size = 1 << 20
        if let namespace {
            socket = try namespace.withRawValue { try NetlinkSocket(.netfilter, namespace: $0, receiveBuffer: size) }
        } else {
            socket = try NetlinkSocket(.netfilter, receiveBuffer: size)
        }
        self.pool = pool
    }

    /// The connections of one protocol (an IP protocol number), of both families.
    package func flows(transport: UInt8) async throws -> [ConntrackFlow] {
        try await pool.run("conntrack dump") { [socket] in try Self.flows(transport, socket) }
    }

    /// Deletes the connections of one protocol for which `isStale` returns true. A connection that has ended in the meantime is not counted.
    /// - Returns: how many were deleted.
    package func deleteFlows(transport: UInt8, where isStale: @escaping @Sendable (ConntrackFlow) -> Bool) async throws -> Int {
        try await pool.run("conntrack clean-up") { [socket] in
            var deleted = 0
            for flow in try Self.flows(transport, socket) where isStale(flow) {
                if try Self.delete(flow, socket) { deleted += 1 }
            }
            return deleted
        }
    }

    private static func flows(_ transport: UInt8, _ socket: NetlinkSocket) throws(NetlinkError) -> [ConntrackFlow] {
        try socket.dump(request("IPCTNL_MSG_CT_GET", IPCTNL_MSG_CT_GET, family: 0)).compactMap { reply in
            ConntrackFlow(reply).flatMap { $0.transport == transport ? $0 : nil }
        }
    }

    private static func delete(_ flow: ConntrackFlow, _ socket: NetlinkSocket) throws(NetlinkError) -> Bool {
        var message = request("IPCTNL_MSG_CT_DELETE", IPCTNL_MSG_CT_DELETE, family: flow.original.source.family.number)
        message.attribute(UInt32(NLA_F_NESTED) | CTA_TUPLE_ORIG.rawValue, bytes: flow.tuple)
        if let zone = flow.zone { message.attribute(CTA_ZONE.rawValue, zone) }
        // With its identifier: a new connection of the same client may have taken the tuple.
        if let identifier = flow.identifier { message.attribute(CTA_ID.rawValue, identifier) }
        do throws(NetlinkError) {
            try socket.transact(message)
            return true
        } catch  where error.errno == ENOENT {
            return false
        }
    }

    private static func request(_ name: String, _ type: cntl_msg_types, family: UInt8) -> NetlinkMessage {
        var message = NetlinkMessage(name, type: UInt32(NFNL_SUBSYS_CTNETLINK) << 8 | type.rawValue)
        message.append(nfgenmsg(nfgen_family: family, version: UInt8(NFNETLINK_V0), res_id: 0))
        return message
    }
}
