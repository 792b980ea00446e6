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
    /// How long a new program on a terminal waits for its client's first size.
    let sizePatience: TimeAmount
    let logger: Logger

    func run(_ link: some StreamLink) async {
        do {
            try await link.hello(stdout: subject.stdout, stderr: subject.stderr)
        } catch {
            return logger.debug("Stream connection ended", metadata: ["error": "\(error)"])
        }
        let (sessions, session) = AsyncStream<any ContainerStreams>.makeStream(bufferingPolicy: .bufferingOldest(1))
        let (sizes, size) = AsyncStream<TerminalSize>.makeStream(bufferingPolicy: .bufferingOldest(1))
        await withTaskGroup(of: End.self) { group in
            // A client's messages have one reader from the first to the last.
            group.addTask { await receive(from: link, firstSize: size, for: sessions) }
            do throws(RuntimeFailure) {
                let opened = try await subject.open(runtime, size: await first(of: sizes, size, link.channel.eventLoop))
                session.yield(opened)
                session.finish()
                await converse(opened, link, &group)
            } catch {
                session.finish()
                await refuse(error, link, &group)
            }
        }
    }

    /// Returns the first size of a new program's terminal; `nil` if it has not come within ``sizePatience``.
    private func first(
        of sizes: AsyncStream<TerminalSize>, _ source: AsyncStream<TerminalSize>.Continuation, _ loop: any EventLoop
    ) async -> TerminalSize? {
        guard subject.startsTerminal else { return nil }
        let deadline = loop.scheduleTask(in: sizePatience) { source.finish() }
        defer { deadline.cancel() }
        return await sizes.first { _ in true }
    }

    /// Sends the failure. Then the client's messages are read on until it has answered the close: closing with unread bytes would reset the
    /// connection, and with it what the client has not read yet.
    private func refuse(_ failure: RuntimeFailure, _ link: some StreamLink, _ group: inout TaskGroup<End>) async {
        do {
            try await link.end(StreamStatus.failed(subject.failure, failure))
            let deadline = closeLater(link.channel)
            _ = await group.next()
            deadline.cancel()
        } catch {
            logger.debug("Stream connection ended", metadata: ["error": "\(error)"])
            link.channel.close(promise: nil)
        }
    }

    private func converse(_ session: any ContainerStreams, _ link: some StreamLink, _ group: inout TaskGroup<End>) async {
        let (closed, close) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        link.channel.closeFuture.whenComplete { _ in close.finish() }
        group.addTask { await pumpOutput(of: session, to: link) }
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

    /// Reads the first size for a new program, waits for the session, and passes on what the client sends until it has left.
    private func receive(
        from link: some StreamLink, firstSize: AsyncStream<TerminalSize>.Continuation, for sessions: AsyncStream<any ContainerStreams>
    ) async -> End {
        do {
            var early: ClientMessage?
            if subject.startsTerminal {
                defer { firstSize.finish() }
                repeat { early = try await link.receive() } while early == ClientMessage.nothing
                guard let message = early else { return .client(nil) }
                // A size that comes too late for the start is one that follows.
                if case .resize(let width, let height) = message, case .enqueued = firstSize.yield(TerminalSize(columns: width, rows: height)) {
                    early = nil
                }
            }
            guard let session = await sessions.first(where: { _ in true }) else {
                while try await link.receive() != nil {}
                return .client(nil)
            }
            var isOpen = subject.stdin
            if let early { await deliver(early, to: session, &isOpen) }
            while let message = try await link.receive() { await deliver(message, to: session, &isOpen) }
            return .client(nil)
        } catch {
            return .client(error)
        }
    }

    /// - Parameter isOpen: whether the program still takes input.
    private func deliver(_ message: ClientMessage, to session: any ContainerStreams, _ isOpen: inout Bool) async {
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
        case .stdin, .endOfStdin, .nothing: break
        }
    }

    private func closeLater(_ channel: any Channel) -> Scheduled<Void> {
        channel.eventLoop.scheduleTask(in: Self.farewell) { channel.close(promise: nil) }
    }
}
