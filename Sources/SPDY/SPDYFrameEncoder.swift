package import NIOCore

/// Writes the frames of one direction of a connection, in the order in which they are sent.
package final class SPDYFrameEncoder {
    /// Bytes of a data frame (24 bits).
    package static let longestData = 0x00FF_FFFF

    private var deflater: HeaderDeflater?

    package init() {}

    package func encode(_ frame: SPDYFrame, into out: inout ByteBuffer) throws(SPDYViolation) {
        switch frame {
        case .data(let id, let bytes, let isLast):
            guard bytes.count <= Self.longestData else { throw SPDYViolation("\(bytes.count) bytes for one frame") }
            out.reserveCapacity(minimumWritableBytes: 8 + bytes.count)
            out.writeInteger(id & 0x7FFF_FFFF)
            out.writeInteger((isLast ? 0x0100_0000 : 0) | UInt32(bytes.count))
            out.writeBytes(bytes)
        case .synStream(let id, let headers, let isLast):
            try write(1, isLast: isLast, words(id) + [0, 0, 0, 0, 0, 0] + block(headers), into: &out)
        case .synReply(let id, let headers, let isLast): try write(2, isLast: isLast, words(id) + block(headers), into: &out)
        case .headers(let id, let headers, let isLast): try write(8, isLast: isLast, words(id) + block(headers), into: &out)
        case .reset(let id, let status): try write(3, words(id, status.rawValue), into: &out)
        case .settings: try write(4, words(0), into: &out)
        case .ping(let id): try write(6, words(id), into: &out)
        case .goAway(let last, let status): try write(7, words(last, status), into: &out)
        case .windowUpdate(let id, let delta): try write(9, words(id, delta), into: &out)
        }
    }

    private func write(_ kind: UInt32, isLast: Bool = false, _ body: [UInt8], into out: inout ByteBuffer) throws(SPDYViolation) {
        guard body.count <= SPDYFrameDecoder.longestControlFrame else { throw SPDYViolation("a control frame of \(body.count) bytes") }
        out.writeInteger(0x8003_0000 | kind)
        out.writeInteger((isLast ? 0x0100_0000 : 0) | UInt32(body.count))
        out.writeBytes(body)
    }

    private func block(_ headers: [String: String]) throws(SPDYViolation) -> [UInt8] {
        let block = HeaderBlock.encode(headers)
        if let deflater { return try deflater.compress(block) }
        let first = try HeaderDeflater()
        deflater = first
        return try first.compress(block)
    }

    private func words(_ values: UInt32...) -> [UInt8] {
        values.flatMap { value in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
    }
}
