import CMnl

/// The content of an NLMSG_ERROR message: errno (0: done) and the kernel's sentence, if it has one.
package struct NetlinkAcknowledgement: Sendable {
    package let errno: Int32
    package let text: String?

    package init?(_ reply: NetlinkReply) {
        guard let error = reply.header(as: Int32.self) else { return nil }
        errno = -error
        text = Self.extendedText(reply)
    }

    /// NETLINK_EXT_ACK: attributes behind the echoed request, which is only its header when NETLINK_CAP_ACK capped it.
    private static func extendedText(_ reply: NetlinkReply) -> String? {
        guard reply.flags & UInt16(NLM_F_ACK_TLVS) != 0, reply.payload.count >= 4 + MemoryLayout<nlmsghdr>.size else { return nil }
        let echoed = reply.payload.dropFirst(4).withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) }
        let capped = reply.flags & UInt16(NLM_F_CAPPED) != 0
        let skip = capped ? MemoryLayout<nlmsghdr>.size : (Int(echoed) + 3) & ~3
        let attributes = NetlinkAttributes(reply.payload.dropFirst(4 + skip))
        return attributes[NLMSGERR_ATTR_MSG.rawValue]?.string
    }
}
