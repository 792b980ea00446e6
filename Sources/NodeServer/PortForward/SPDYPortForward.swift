import Logging
import NIOCore
import SPDY

/// One forward over SPDY: reads the client's frames and runs a connection for each pair of streams.
struct SPDYPortForward: Sendable {
    let forwarder: PortForwarder
    let times: StreamTimes
    let logger: Logger

    func run(_ connection: SPDYChannel.Connection) async {
        let channel = connection.channel
        let streams = ForwardStreams()
        // A reader that waits for a program would not notice it.
        channel.closeFuture.whenComplete { [times] _ in
            channel.eventLoop.scheduleTask(in: times.delivery) { streams.abortAll() }
        }
        do {
            try await connection.executeThenClose { inbound, outbound in
                let writer = FrameWriter(outbound, channel)
                await withDiscardingTaskGroup { group in
                    do {
                        let frames = FrameSource(inbound)
                        while let frame = try await frames.next() {
                            guard try await take(streams.receive(frame), streams, writer, channel, &group) else { break }
                        }
                    } catch {
                        logger.debug("Client of forwarded ports broke off", metadata: ["reason": "\(error)"])
                        if let violation = error as? SPDYViolation {
                            SPDYChannel.close(channel, violation)
                            streams.abortAll()
                        }
                    }
                    // Connections that wait for the client to read end with its connection.
                    channel.close(promise: nil)
                    streams.leaveAll()
                }
            }
        } catch {
            logger.debug("Forward was not closed in order", metadata: ["error": "\(error)"])
        }
    }

    /// Returns false when the client leaves.
    private func take(
        _ actions: [ForwardTable.Action], _ streams: ForwardStreams, _ writer: FrameWriter<SPDYFrame>, _ channel: any Channel,
        _ group: inout DiscardingTaskGroup
    ) async throws -> Bool {
        for action in actions {
            switch action {
            case .send(let frame): try await writer.write(frame)
            case .expect(let requestID):
                let timer = channel.eventLoop.scheduleTask(in: times.creation) { expire(requestID, streams, writer) }
                streams.set(timer, for: requestID)
            case .open(let id): streams.open(data: id)
            case .connect(let pair):
                streams.cancelTimer(for: pair.requestID)
                guard let inbox = streams.inbox(pair.data) else { continue }
                group.addTask {
                    await forwarder.run(port: pair.port, from: inbox, to: SPDYForwardSink(pair: pair, streams: streams, writer: writer))
                    streams.forget(data: pair.data)
                }
            case .data(let id, let bytes):
                await streams.inbox(id)?.put(bytes, on: channel.eventLoop, stall: times.stall) { giveUp(streams.fullest ?? id, streams, writer) }
            case .end(let id): streams.inbox(id)?.end()
            case .abort(let id): streams.abort(data: id)
            case .leave: return false
            }
        }
        return true
    }

    private func expire(_ requestID: String, _ streams: ForwardStreams, _ writer: FrameWriter<SPDYFrame>) {
        for action in streams.expire(requestID) {
            switch action {
            case .send(let frame): writer.writeAtOnce(frame)
            case .abort(let id): streams.abort(data: id)
            default: break
            }
        }
    }

    /// SPDY as Kubernetes speaks it has no flow control of single streams: what one program does not take holds up all others behind it.
    private func giveUp(_ id: UInt32, _ streams: ForwardStreams, _ writer: FrameWriter<SPDYFrame>) {
        guard streams.hasSeveral, streams.reset(id) else { return }
        logger.info(
            "Forwarded connection was reset: its program takes nothing and holds up the others of its client",
            metadata: ["pod": "\(forwarder.pod.pod)", "namespace": "\(forwarder.pod.namespace)"])
        writer.writeAtOnce(.reset(id: id, status: .flowControl))
        streams.abort(data: id)
    }
}
