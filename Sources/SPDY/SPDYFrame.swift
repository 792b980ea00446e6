/// A frame of SPDY/3.1 (draft-mbelshe-httpbis-spdy-00 with the flow control of 3.1).
package enum SPDYFrame: Sendable, Hashable {
    /// Opens a stream. Clients number their streams with odd ids.
    case synStream(id: UInt32, headers: [String: String], isLast: Bool)
    case synReply(id: UInt32, headers: [String: String], isLast: Bool)
    /// Bytes of a stream. A long frame is read in several parts, of which only the last carries `isLast`.
    case data(id: UInt32, bytes: [UInt8], isLast: Bool)
    /// Ends both directions of a stream.
    case reset(id: UInt32, status: SPDYResetStatus)
    /// The settings themselves are checked and dropped: no peer of a node depends on any.
    case settings
    case ping(UInt32)
    case goAway(lastGood: UInt32, status: UInt32)
    case headers(id: UInt32, headers: [String: String], isLast: Bool)
    /// Read and ignored: the peers of a node send as much as the connection takes, and never an update.
    case windowUpdate(id: UInt32, delta: UInt32)
}

/// The status of a `RST_STREAM`.
package struct SPDYResetStatus: Sendable, Hashable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let protocolError = SPDYResetStatus(rawValue: 1)
    package static let refused = SPDYResetStatus(rawValue: 3)
    package static let cancel = SPDYResetStatus(rawValue: 5)
    package static let flowControl = SPDYResetStatus(rawValue: 7)
}
