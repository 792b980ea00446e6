import KubeModel
import Logging
import NIOCore
import NIOWebSocket
import PodCore

/// One exec or attach over one WebSocket, from the empty first message to the close.
///
/// Both directions pull: a client that does not read stops the reading of the program's output, a program that does not
/// read stops the reading from the client.
struct StreamConversation: Sendable {
    private enum End: Sendable {
        case program(Status)
        /// The client left, broke the protocol or cannot be written to.
        case client(WebSocketViolation?)
    }

    /// How long a client may take to answer the close.
    private static let farewell = TimeAmount.seconds(2)

    let runtime: any ContainerRuntime
    let subject: StreamSubject
    let version: StreamProtocol
    let logger: Logger

    /// - Parameter farewell: when a close has left for the client.
    func run(_ connection: NIOAsyncChannel<WebSocketFrame, WebSocketFrame>, farewell: EventLoopFuture<Void>) async {
        do {
            try await connection.executeThenClose { inbound, outbound in
                let sink = StreamSink(outbound: outbound, codec: StreamMessageCodec(version), farewell: farewell)
                try await sink.hello(stdout: subject.stdout, stderr: subject.stderr)
                let session: any ContainerStreams
                do {
                    session = try await subject.open(runtime)
                } catch {
                    try await sink.end(StreamStatus.failed(subject.failure, error))
                    await drain(inbound, of: connection.channel)
                    return
                }
                await converse(session, inbound, sink, connection.channel)
            }
        } catch {
            logger.debug("Stream connection ended", metadata: ["error": "\(error)"])
        }
    }

    private func converse(
        _ session: any ContainerStreams, _ inbound: NIOAsyncChannelInboundStream<WebSocketFrame>, _ sink: StreamSink, _ channel: any Channel
    ) async {
        await withTaskGroup(of: End.self) { group in
            group.addTask { await pumpOutput(of: session, to: sink) }
            group.addTask { await pumpInput(from: inbound, to: session) }
            switch await group.next() {
            case .program(let status)?:
                // A write to it would wait for a reader that never comes.
                await session.closeInput()
                do {
                    try await sink.end(status)
                    // The clock starts only now: a slow reader may take its time for what was written before.
                    let deadline = closeLater(channel)
                    _ = await group.next()
                    deadline.cancel()
                } catch {
                    channel.close(promise: nil)
                }
            case .client(let violation)?:
                if let violation { close(channel, violation) } else { channel.close(promise: nil) }
                await session.terminate()
            case nil: break
            }
        }
    }

    private func pumpOutput(of session: any ContainerStreams, to sink: StreamSink) async -> End {
        do {
            while let output = try await session.read() {
                switch output {
                case .stdout(let bytes): if subject.stdout { try await sink.output(bytes, on: StreamChannel.stdout) }
                case .stderr(let bytes): if subject.stderr { try await sink.output(bytes, on: StreamChannel.stderr) }
                }
            }
            return .program(StreamStatus.ended(exitCode: try await session.exitCode()))
        } catch let failure as RuntimeFailure {
            return .program(StreamStatus.failed(subject.failure, failure))
        } catch {
            return .client(nil)
        }
    }

    private func pumpInput(from inbound: NIOAsyncChannelInboundStream<WebSocketFrame>, to session: any ContainerStreams) async -> End {
        let codec = StreamMessageCodec(version)
        var assembler = MessageAssembler()
        var isOpen = subject.stdin
        do {
            for try await frame in inbound {
                switch try assembler.add(frame) {
                case .close: return .client(nil)
                case .nothing: continue
                case .message(let message):
                    switch try codec.decode(message) {
                    case .stdin(let bytes) where isOpen && bytes.readableBytes > 0:
                        do {
                            try await session.write(Array(bytes.readableBytesView))
                        } catch {
                            // The exit code reports the program's end; the rest of its input is dropped.
                            isOpen = false
                        }
                    case .endOfStdin where isOpen:
                        isOpen = false
                        await session.closeInput()
                    case .resize(let width, let height):
                        do {
                            try await session.resize(TerminalSize(columns: width, rows: height))
                        } catch {
                            logger.debug("Terminal could not be resized", metadata: ["error": "\(error)"])
                        }
                    case .stdin, .endOfStdin, .nothing: continue
                    }
                }
            }
            return .client(nil)
        } catch let violation as WebSocketViolation {
            return .client(violation)
        } catch {
            return .client(nil)
        }
    }

    /// Reads on until the client has answered the close: closing with unread bytes would reset the connection, and with it
    /// what the client has not read yet.
    private func drain(_ inbound: NIOAsyncChannelInboundStream<WebSocketFrame>, of channel: any Channel) async {
        let deadline = closeLater(channel)
        defer { deadline.cancel() }
        do {
            for try await frame in inbound where frame.opcode == .connectionClose { return }
        } catch {
            logger.trace("Client left without a close", metadata: ["error": "\(error)"])
        }
    }

    private func closeLater(_ channel: any Channel) -> Scheduled<Void> {
        channel.eventLoop.scheduleTask(in: Self.farewell) { channel.close(promise: nil) }
    }

    /// Not through the writer, which would wait for a client that does not read.
    private func close(_ channel: any Channel, _ violation: WebSocketViolation) {
        logger.debug("Stream client broke the protocol", metadata: ["reason": "\(violation)"])
        var data = ByteBuffer()
        data.write(webSocketErrorCode: violation.code)
        data.writeString(violation.description)
        channel.writeAndFlush(WebSocketFrame(fin: true, opcode: .connectionClose, data: data), promise: nil)
        channel.close(promise: nil)
    }
}
