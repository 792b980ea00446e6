package import NIOCore

/// Reads the frames of one direction of a connection. Header blocks must come in their order, since each starts from the one before.
package final class SPDYFrameDecoder {
    /// Bytes of a frame other than data, compressed.
    package static let longestControlFrame = 64 << 10
    /// Bytes of data that are handed on at once: a longer frame never waits in memory for its end.
    package static let longestPart = 64 << 10

    /// The data frame whose bytes are still coming.
    private var open: (id: UInt32, left: Int, isLast: Bool)?
    private var inflater: HeaderInflater?

    package init() {}

    /// Takes the next frame, or part of a data frame, off the front of `bytes`; `nil` when more bytes are needed. After an error nothing can be
    /// read any more.
    package func next(_ bytes: inout ByteBuffer) throws(SPDYViolation) -> SPDYFrame? {
        if open != nil { return part(&bytes) }
        let start = bytes.readerIndex
        guard let first = bytes.getInteger(at: start, as: UInt32.self), let second = bytes.getInteger(at: start + 4, as: UInt32.self) else {
            return nil
        }
        let isLast = second & 0x0100_0000 != 0
        let length = Int(second & 0x00FF_FFFF)
        guard first & 0x8000_0000 != 0 else {
            guard first != 0 else { throw SPDYViolation("data of stream 0") }
            bytes.moveReaderIndex(forwardBy: 8)
            if length == 0 { return .data(id: first, bytes: [], isLast: isLast) }
            open = (first, length, isLast)
            return part(&bytes)
        }
        let version = first >> 16 & 0x7FFF
        guard version == 3 else { throw SPDYViolation("a frame of SPDY version \(version), wanted 3") }
        guard length <= Self.longestControlFrame else {
            throw SPDYViolation("a control frame of \(length) bytes, wanted at most \(Self.longestControlFrame)")
        }
        guard bytes.readableBytes >= 8 + length else { return nil }
        bytes.moveReaderIndex(forwardBy: 8)
        guard var body = bytes.readSlice(length: length) else { return nil }
        return try control(UInt16(truncatingIfNeeded: first), isLast: isLast, &body)
    }

    private func part(_ bytes: inout ByteBuffer) -> SPDYFrame? {
        guard let (id, left, isLast) = open, let part = bytes.readBytes(length: min(left, bytes.readableBytes, Self.longestPart)), !part.isEmpty
        else {
            return nil
        }
        open = part.count == left ? nil : (id, left - part.count, isLast)
        return .data(id: id, bytes: part, isLast: isLast && open == nil)
    }

    private func control(_ kind: UInt16, isLast: Bool, _ body: inout ByteBuffer) throws(SPDYViolation) -> SPDYFrame {
        switch kind {
        case 1:
            let id = try stream(&body)
            // The stream that this stream belongs to, its priority, and a slot for credentials.
            guard body.readBytes(length: 6) != nil else { throw SPDYViolation("a short SYN_STREAM") }
            return .synStream(id: id, headers: try headers(&body), isLast: isLast)
        case 2:
            let id = try stream(&body)
            return .synReply(id: id, headers: try headers(&body), isLast: isLast)
        case 8:
            let id = try stream(&body)
            return .headers(id: id, headers: try headers(&body), isLast: isLast)
        case 3:
            let id = try stream(&body)
            guard let status: UInt32 = body.readInteger(), status != 0, body.readableBytes == 0 else { throw SPDYViolation("a broken RST_STREAM") }
            return .reset(id: id, status: SPDYResetStatus(rawValue: status))
        case 4:
            guard let count: UInt32 = body.readInteger(), body.readableBytes == Int(count) * 8 else { throw SPDYViolation("broken SETTINGS") }
            return .settings
        case 6:
            guard let id: UInt32 = body.readInteger(), body.readableBytes == 0 else { throw SPDYViolation("a broken PING") }
            return .ping(id)
        case 7:
            guard let last: UInt32 = body.readInteger(), let status: UInt32 = body.readInteger(), body.readableBytes == 0 else {
                throw SPDYViolation("a broken GOAWAY")
            }
            return .goAway(lastGood: last & 0x7FFF_FFFF, status: status)
        case 9:
            guard let id: UInt32 = body.readInteger(), let delta: UInt32 = body.readInteger(), body.readableBytes == 0 else {
                throw SPDYViolation("a broken WINDOW_UPDATE")
            }
            return .windowUpdate(id: id & 0x7FFF_FFFF, delta: delta & 0x7FFF_FFFF)
        default: throw SPDYViolation("a frame of unknown kind \(kind)")
        }
    }

    private func stream(_ body: inout ByteBuffer) throws(SPDYViolation) -> UInt32 {
        guard let id: UInt32 = body.readInteger(), id & 0x7FFF_FFFF != 0 else { throw SPDYViolation("a frame of no stream") }
        return id & 0x7FFF_FFFF
    }

    private func headers(_ body: inout ByteBuffer) throws(SPDYViolation) -> [String: String] {
        let block = body.readBytes(length: body.readableBytes) ?? []
        if let inflater { return try HeaderBlock.parse(inflater.expand(block)) }
        let first = try HeaderInflater()
        inflater = first
        return try HeaderBlock.parse(first.expand(block))
    }
}
