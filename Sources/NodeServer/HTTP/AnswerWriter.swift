import HTTPTypes
import HTTPUpgrade
import HummingbirdCore
import Logging
import NIOCore
import PodCore
import ServiceLifecycle

/// Writes an ``HTTPAnswer`` to a connection, whose event loop this is.
struct AnswerWriter: Sendable {
    /// Until a connection ends, NIOSSL keeps a buffer for the most that was written between two flushes, and begins with 16 KiB. A piece of this size
    /// fits into it with the frames of TLS and HTTP: a follower of a long log costs no more than one of an empty log.
    private static let pieceSize = 15 << 10

    let eventLoop: any EventLoop
    let logger: Logger

    func write(_ answer: HTTPAnswer, to request: Request, with writer: consuming ResponseWriter) async throws {
        var head = HTTPResponse(status: answer.status, headerFields: answer.headers)
        head.headerFields[.contentType] = answer.contentType
        // A log or a listing is untrusted text: browsers must not guess another type.
        head.headerFields[.xContentTypeOptions] = "nosniff"
        switch answer.body {
        case .bytes(let bytes):
            head.headerFields[.contentLength] = String(bytes.readableBytes)
            if request.method == .head {
                try await writer.writeResponse(head)
            } else {
                try await writer.write(response: head, body: ResponseBody(byteBuffer: bytes))
            }
        case .log(let session, let follows):
            let body = try await writer.writeHead(head)
            if follows {
                try await follow(session, request: request, writer: body)
            } else {
                try await copy(session, to: body)
            }
        }
    }

    private func copy(_ session: any LogSession, to writer: consuming any ResponseBodyWriter) async throws {
        do {
            while let bytes = try await session.read() {
                var rest = ByteBuffer(bytes: bytes)
                while rest.readableBytes > 0, let piece = rest.readSlice(length: min(Self.pieceSize, rest.readableBytes)) {
                    try await writer.write(piece)
                }
                try await eventLoop.catchUp()
            }
        } catch {
            await session.close()
            logger.debug("Log stream ended early", metadata: ["error": "\(error)"])
            // Without the last chunk the client sees that the log is not complete.
            throw error
        }
        await session.close()
        try await writer.finish(nil)
    }

    /// A follow waits inside `read` for the container to write: only closing the session from the side ends that wait when
    /// the client leaves or the server stops.
    private func follow(_ session: any LogSession, request: Request, writer: consuming any ResponseBodyWriter) async throws {
        let (ends, end) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let body = UncheckedTransfer(value: writer)
        try await request.body.consumeWithInboundCloseHandler { _ in
            try await withGracefulShutdownHandler {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        for await _ in ends { break }
                        await session.close()
                    }
                    group.addTask {
                        defer { end.finish() }
                        try await copy(session, to: body.value)
                    }
                    try await group.waitForAll()
                }
            } onGracefulShutdown: {
                end.finish()
            }
        } onInboundClosed: {
            end.finish()
        }
    }
}

/// Carries a body writer into the one task that uses it: Hummingbird's writer is sendable, the protocol does not say so.
private struct UncheckedTransfer<Value>: @unchecked Sendable {
    let value: Value
}
