import Logging
import NIOCore
import NIOWebSocket

/// One forward over a plain WebSocket: one connection to each port of the request, from the beginning.
struct WebSocketPortForward: Sendable {
    /// Messages have up to 4 MiB, of which an inbox is to hold a part only.
    private static let longestPiece = 64 << 10

    let forwarder: PortForwarder
    let ports: [UInt16]
    let codec: StreamMessageCodec
    let times: StreamTimes
    let logger: Logger

    func run(_ connection: WebSocketChannel.Connection) async {
        let channel = connection.channel
        let total = ForwardTotal()
        let inboxes = ports.map { _ in ForwardInbox(total) }
        // A reader that waits for a program would not notice it.
        channel.closeFuture.whenComplete { [times] _ in
            channel.eventLoop.scheduleTask(in: times.delivery) { for inbox in inboxes { inbox.abort() } }
        }
        do {
            try await connection.executeThenClose { inbound, outbound in
                let writer = FrameWriter(outbound, channel)
                await withDiscardingTaskGroup { group in
                    group.addTask {
                        await serve(inboxes, writer)
                        await sayGoodbye(writer, channel)
                    }
                    do {
                        try await read(FrameSource(inbound), into: inboxes, channel)
                    } catch {
                        logger.debug("Client of forwarded ports broke off", metadata: ["reason": "\(error)"])
                        if let violation = error as? WebSocketViolation {
                            WebSocketChannel.close(channel, violation)
                            for inbox in inboxes { inbox.abort() }
                        }
                    }
                    channel.close(promise: nil)
                    for inbox in inboxes { inbox.leave() }
                }
            }
        } catch {
            logger.debug("Forward was not closed in order", metadata: ["error": "\(error)"])
        }
    }

    /// Returns when the last connection is over.
    private func serve(_ inboxes: [ForwardInbox], _ writer: FrameWriter<WebSocketFrame>) async {
        await withDiscardingTaskGroup { group in
            for (index, port) in ports.enumerated() {
                let sink = WebSocketForwardSink(data: UInt8(index * 2), writer: writer, codec: codec)
                group.addTask {
                    // A client that has left by now may have sent bytes before.
                    try? await sink.begin(port: port)
                    await forwarder.run(port: port, from: inboxes[index], to: sink)
                }
            }
        }
    }

    private func read(_ frames: FrameSource<WebSocketFrame>, into inboxes: [ForwardInbox], _ channel: any Channel) async throws {
        var assembler = MessageAssembler()
        while let frame = try await frames.next() {
            switch try assembler.add(frame) {
            case .close: return
            case .nothing: continue
            case .message(let message):
                guard let (number, bytes) = try codec.split(message), number % 2 == 0, Int(number / 2) < inboxes.count else { continue }
                let inbox = inboxes[Int(number / 2)]
                var rest = bytes
                while let piece = rest.readBytes(length: min(rest.readableBytes, Self.longestPiece)), !piece.isEmpty {
                    await inbox.put(piece, on: channel.eventLoop, stall: times.stall) {
                        if inboxes.count > 1 { inboxes.max { $0.heldBytes < $1.heldBytes }?.abort() }
                    }
                }
            }
        }
    }

    /// The connection ends with the last of its ports. The clock starts only when the last bytes have left: a slow reader may take its time.
    private func sayGoodbye(_ writer: FrameWriter<WebSocketFrame>, _ channel: any Channel) async {
        var code = ByteBuffer()
        code.write(webSocketErrorCode: .normalClosure)
        do {
            try await writer.writeLast(WebSocketFrame(fin: true, opcode: .connectionClose, data: code))
            channel.eventLoop.scheduleTask(in: times.farewell) { channel.close(promise: nil) }
        } catch {
            channel.close(promise: nil)
        }
    }
}
