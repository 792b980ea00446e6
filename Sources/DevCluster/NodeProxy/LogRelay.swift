import AsyncHTTPClient
import HTTPUpgrade
import HummingbirdCore
import NIOCore

/// Copies a node's answer to the client until either side ends.
enum LogRelay {
    static func relay(
        _ body: HTTPClientResponse.Body, until closed: AsyncStream<Void>, _ close: AsyncStream<Void>.Continuation,
        to writer: inout any ResponseBodyWriter, _ eventLoop: any EventLoop
    ) async throws {
        let handoff = Handoff()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    for try await chunk in body { guard await handoff.put(chunk) else { break } }
                    await handoff.finish()
                } catch {
                    await handoff.finish()
                    throw error
                }
            }
            group.addTask {
                for await _ in closed {}
                await handoff.finish()
            }
            while let chunk = await handoff.take() {
                do {
                    try await writer.write(chunk)
                    try await eventLoop.catchUp()
                } catch {
                    await handoff.finish()
                    group.cancelAll()
                    close.finish()
                    throw error
                }
            }
            // The reader of the body waits for bytes that may never come.
            group.cancelAll()
            close.finish()
            do {
                try await group.waitForAll()
            } catch is CancellationError {
            } catch let error as HTTPClientError where error == .cancelled {
            }
        }
    }

    /// Hands one chunk at a time from the reader to the writer: neither runs ahead of the other.
    private actor Handoff {
        private var chunk: ByteBuffer?
        private var isFinished = false
        private var taker: CheckedContinuation<ByteBuffer?, Never>?
        private var putter: CheckedContinuation<Bool, Never>?

        /// Returns false when the reader has gone.
        func put(_ new: ByteBuffer) async -> Bool {
            if isFinished { return false }
            if let taker {
                self.taker = nil
                taker.resume(returning: new)
                return true
            }
            if chunk != nil {
                let goesOn = await withCheckedContinuation { putter = $0 }
                guard goesOn, !isFinished else { return false }
            }
            chunk = new
            return true
        }

        func take() async -> ByteBuffer? {
            if let waiting = chunk {
                chunk = nil
                putter?.resume(returning: true)
                putter = nil
                return waiting
            }
            if isFinished { return nil }
            return await withCheckedContinuation { taker = $0 }
        }

        /// Elements that were put can still be taken.
        func finish() {
            isFinished = true
            taker?.resume(returning: nil)
            taker = nil
            putter?.resume(returning: false)
            putter = nil
        }
    }
}
