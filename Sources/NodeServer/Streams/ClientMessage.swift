package import NIOCore

/// The meaning of what a client sends over an exec or attach.
package enum ClientMessage: Sendable, Hashable {
    case stdin(ByteBuffer)
    case endOfStdin
    case resize(width: UInt16, height: UInt16)
    /// Nothing: an empty message, or one for a channel that clients do not write.
    case nothing
}
