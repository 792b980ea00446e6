/// The streams of one connection, seen from its server: which exist, and which of their directions are still open.
package struct SPDYSession: Sendable {
    /// The meaning of a frame.
    package enum Received: Sendable, Hashable {
        /// Nothing: for a stream that has ended, or of a kind that servers ignore.
        case nothing
        /// Only this is to be sent.
        case reply(SPDYFrame)
        /// A new stream, which ``accept(_:)`` or ``end(_:)`` answers. With `isLast` the client sends nothing over it.
        case opened(id: UInt32, headers: [String: String], isLast: Bool)
        /// With `isLast` it is the client's last.
        case data(id: UInt32, bytes: [UInt8], isLast: Bool)
        /// The client has given both directions up. The stream is forgotten.
        case reset(id: UInt32)
        /// The client wants no more streams, and leaves.
        case goAway
    }

    private struct Directions: Sendable {
        var isOpenHere = true
        var isOpenThere: Bool
    }

    private let mostStreams: Int
    private var last: UInt32 = 0
    private var hasGone = false
    private var streams: [UInt32: Directions] = [:]

    /// - Parameter mostStreams: that may be open at once; more are refused.
    package init(mostStreams: Int) { self.mostStreams = mostStreams }

    /// The number of streams with an open direction.
    package var openStreams: Int { streams.count }

    package mutating func receive(_ frame: SPDYFrame) -> Received {
        switch frame {
        case .synStream(let id, let headers, let isLast):
            if hasGone { return .nothing }
            guard id % 2 == 1, id > last else { return .reply(.reset(id: id, status: .protocolError)) }
            last = id
            guard streams.count < mostStreams else { return .reply(.reset(id: id, status: .refused)) }
            streams[id] = Directions(isOpenThere: !isLast)
            return .opened(id: id, headers: headers, isLast: isLast)
        case .data(let id, let bytes, let isLast):
            // Frames on their way when the stream was reset are no fault of the client's.
            guard streams[id]?.isOpenThere == true else { return .nothing }
            if isLast { close(id) { $0.isOpenThere = false } }
            return .data(id: id, bytes: bytes, isLast: isLast)
        case .reset(let id, _): return streams.removeValue(forKey: id) == nil ? .nothing : .reset(id: id)
        // Even ids are answers to this side's, which sends none.
        case .ping(let id): return id % 2 == 1 ? .reply(.ping(id)) : .nothing
        case .goAway:
            hasGone = true
            return .goAway
        case .synReply, .settings, .headers, .windowUpdate: return .nothing
        }
    }

    /// Returns the answer to a new stream.
    package func accept(_ id: UInt32) -> SPDYFrame { .synReply(id: id, headers: [:], isLast: false) }

    /// Whether this side may still send over the stream.
    package func canSend(_ id: UInt32) -> Bool { streams[id]?.isOpenHere == true }

    /// Notes that this side sends nothing more over the stream. Returns false if it could not anyway, and the end must not be sent.
    package mutating func endOutput(_ id: UInt32) -> Bool {
        guard canSend(id) else { return false }
        close(id) { $0.isOpenHere = false }
        return true
    }

    /// Gives the stream up. Returns false if it is over, and no reset must be sent.
    package mutating func end(_ id: UInt32) -> Bool { streams.removeValue(forKey: id) != nil }

    private mutating func close(_ id: UInt32, _ change: (inout Directions) -> Void) {
        guard var directions = streams[id] else { return }
        change(&directions)
        streams[id] = directions.isOpenHere || directions.isOpenThere ? directions : nil
    }
}
