import KubeModel
import Logging
import NIOCore
import PodCore

/// One exec or attach with one client, from its start to the close.
///
/// Both directions pull: a client that does not read stops the reading of the program's output, a program that does not
/// read stops the reading from the client.
struct StreamConversation: Sendable {
    private enum End: Sendable {
        case program(Status)
        /// The client left, broke the protocol or cannot be written to.
        case client((any Error)?)
    }

    /// How long a client may take to answer the close.
    private static let farewell = TimeAmount.seconds(2)

    let runtime: any ContainerRuntime
    let subject: StreamSubject
    let logger: Logger

    func run(_ link: some StreamLink) async {
        do {
            try await link.hello(stdout: subject.stdout, stderr: subject.stderr)
            let session: any ContainerStreams
            do {
                session = try await subject.open(runtime)
            } catch {
                try await link.end(StreamStatus.failed(subject.failure, error))
                await drain(link)
                return
            }
            await converse(session, link)
        } catch {
            logger.debug("Stream connection ended", metadata: ["error": "\(error)"])
        }
    }

    private func converse(_ session: any ContainerStreams, _ link: some StreamLink) async {
        let (closed, close) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        link.channel.closeFuture.whenComplete { _ in close.finish() }
        await withTaskGroup(of: End.self) { group in
            group.addTask { await pumpOutput(of: session, to: link) }
            group.addTask { await pumpInput(from: link, to: session) }
            // A client whose input the program does not take, and that has left, is noticed nowhere else.
            group.addTask {
                for await _ in closed {}
                return .client(nil)
            }
            switch await group.next() {
            case .program(let status)?:
                // A write to it would wait for a reader that never comes.
                await session.closeInput()
                do {
                    try await link.end(status)
                    // The clock starts only now: a slow reader may take its time for what was written before.
                    let deadline = closeLater(link.channel)
                    _ = await group.next()
                    deadline.cancel()
                } catch {
                    link.channel.close(promise: nil)
                }
            case .client(let error)?:
                if let error {
                    logger.debug("Stream client broke off", metadata: ["reason": "\(error)"])
                    link.close(after: error)
                } else {
                    link.channel.close(promise: nil)
                }
                await session.terminate()
            case nil: break
            }
            // The input may still be waited for.
            link.channel.close(promise: nil)
            close.finish()
        }
    }

    private func pumpOutput(of session: any ContainerStreams, to link: some StreamLink) async -> End {
        do {
            while let output = try await session.read() {
                switch output {
                case .stdout(let bytes): if subject.stdout { try await link.output(bytes, on: StreamChannel.stdout) }
                case .stderr(let bytes): if subject.stderr { try await link.output(bytes, on: StreamChannel.stderr) }
                }
            }
            return .program(StreamStatus.ended(exitCode: try await session.exitCode()))
        } catch let failure as RuntimeFailure {
            return .program(StreamStatus.failed(subject.failure, failure))
        } catch {
            return .client(nil)
        }
    }

    private func pumpInput(from link: some StreamLink, to session: any ContainerStreams) async -> End {
        var isOpen = subject.stdin
        do {
            while let message = try await link.receive() {
                switch message {
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
            return .client(nil)
        } catch {
            return .client(error)
        }
    }

    /// Reads on until the client has answered the close: closing with unread bytes would reset the connection, and with it
    /// what the client has not read yet.
    private func drain(_ link: some StreamLink) async {
        let deadline = closeLater(link.channel)
        defer { deadline.cancel() }
        do {
            while try await link.receive() != nil {}
        } catch {
            logger.trace("Client left without a close", metadata: ["error": "\(error)"])
        }
    }

    private func closeLater(_ channel: any Channel) -> Scheduled<Void> {
        channel.eventLoop.scheduleTask(in: Self.farewell) { channel.close(promise: nil) }
    }
}
