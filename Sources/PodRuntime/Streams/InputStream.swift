import Glibc
import LinuxSystem
import PodCore
import ShimClient
import Synchronization

/// The agent's end of what a program reads. The pipe itself is the only buffer: a program that does not read holds the writer back.
final class InputStream: Sendable {
    private struct State {
        var descriptor: OwnedFileDescriptor?
        /// The writer's wait for room.
        var waiting: ReadinessLoop.Token?
    }

    private let state: Mutex<State>

    /// Takes the end over; without one everything is dropped.
    init(_ descriptor: OwnedFileDescriptor?) throws(SystemError) {
        if let descriptor { try Pipe.makeNonBlocking(descriptor) }
        state = Mutex(State(descriptor: descriptor))
    }

    /// Returns when all bytes are taken, or the program does not read any more. One writer at a time.
    func write(_ bytes: [UInt8]) async throws(RuntimeFailure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            switch writeNow(rest) {
            case .taken(let count): rest = rest.dropFirst(count)
            case .closed: return
            case .full(let descriptor):
                do {
                    try await waitForRoom(descriptor)
                } catch {
                    throw RuntimeFailure(translating: error, during: "write to a program", .internal)
                }
            }
        }
    }

    /// End of file for the program, if this was the last end. A waiting `write` returns.
    func close() {
        let waiting = state.withLock { state in
            state.descriptor?.close()
            state.descriptor = nil
            return state.waiting
        }
        // The wait holds a copy of the descriptor: without its end the program would not see one.
        if let waiting { try? ReadinessLoop.shared().cancel(waiting) }
    }

    private enum Attempt {
        case taken(Int)
        case full(OwnedFileDescriptor)
        case closed
    }

    /// Under the lock, as `close` may come at any time and the number of a closed descriptor is soon another's.
    private func writeNow(_ bytes: ArraySlice<UInt8>) -> Attempt {
        state.withLock { state in
            guard let descriptor = state.descriptor else { return .closed }
            do throws(SystemError) {
                return .taken(try PipeWriter.write(bytes, to: descriptor))
            } catch {
                if error.is(EAGAIN) { return .full(descriptor) }
                // The program has closed its stdin, or its terminal is gone: the bytes are dropped.
                descriptor.close()
                state.descriptor = nil
                return .closed
            }
        }
    }

    private func waitForRoom(_ descriptor: OwnedFileDescriptor) async throws {
        let loop = try ReadinessLoop.shared()
        let ready = Promise<Void>()
        let token = try state.withLock { (state) throws(SystemError) -> ReadinessLoop.Token? in
            guard state.descriptor != nil else { return nil }
            state.waiting = try loop.register(descriptor, .writable) { _ in ready.fulfil(()) }
            return state.waiting
        }
        guard let token else { return }
        await withTaskCancellationHandler {
            await ready.value()
        } onCancel: {
            loop.cancel(token)
        }
        state.withLock { $0.waiting = nil }
        try Task.checkCancellation()
    }
}
