import SPDY

/// A forwarded connection over two SPDY streams.
struct SPDYForwardSink: ForwardSink {
    let pair: ForwardTable.Pair
    let streams: ForwardStreams
    let writer: FrameWriter<SPDYFrame>

    var clientEndsAlone: Bool { true }

    func send(_ bytes: [UInt8]) async throws {
        guard streams.canSend(pair.data) else { throw ForwardClientGone() }
        try await writer.write(.data(id: pair.data, bytes: bytes, isLast: false))
    }

    func end() async throws {
        if streams.endOutput(pair.data) { try await writer.write(.data(id: pair.data, bytes: [], isLast: true)) }
    }

    func breakOff() async throws {
        if streams.reset(pair.data) { try await writer.write(.reset(id: pair.data, status: .cancel)) }
    }

    /// The text goes first: the client reads it when the data stream has ended.
    func fail(_ message: String) async throws {
        if streams.canSend(pair.error) { try await writer.write(.data(id: pair.error, bytes: Array(message.utf8), isLast: false)) }
        try await finish()
        try await breakOff()
    }

    func finish() async throws {
        if streams.endOutput(pair.error) { try await writer.write(.data(id: pair.error, bytes: [], isLast: true)) }
    }
}
