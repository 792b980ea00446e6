import CMnl

/// One received message.
package struct NetlinkReply: Sendable {
    package let type: UInt16
    package let flags: UInt16
    package let sequence: UInt32
    /// The port of the socket whose request caused this message; 0 for the kernel's own doing.
    package let port: UInt32
    /// The whole message, its netlink header included.
    package let message: ArraySlice<UInt8>

    /// The message behind its netlink header.
    package var payload: ArraySlice<UInt8> { message.dropFirst(MemoryLayout<nlmsghdr>.size) }

    /// The family's header at the start of the payload; `nil` when the message is too short for it.
    package func header<T: BitwiseCopyable>(as type: T.Type) -> T? {
        guard payload.count >= MemoryLayout<T>.size else { return nil }
        return payload.withUnsafeBytes { $0.loadUnaligned(as: type) }
    }

    /// The attributes behind a family header of this type.
    package func attributes<T: BitwiseCopyable>(after type: T.Type) -> NetlinkAttributes {
        NetlinkAttributes(payload.dropFirst((MemoryLayout<T>.size + 3) & ~3))
    }
}
