package import CLinux
import Glibc
package import LinuxSystem
package import PodCore
import Synchronization

/// One connection to the spawner or to a sandbox's shim: requests are matched with their replies by number, so any number may be under way.
package final class ShimConnection: Sendable {
    package typealias PendingReply = Promise<Result<ShimMessage, RuntimeFailure>>
    /// Called in order; the next message is read when it returns, so it must not wait for a reply on this connection.
    package typealias EventHandler = @Sendable (ShimMessage) async -> Void
    /// Called once, when the other end has closed or sent a malformed message; not after `close()`.
    package typealias EndHandler = @Sendable () async -> Void

    /// The name of a shim's socket in its sandbox's folder.
    package static let socketName = "shim.sock"

    private struct State {
        var next: UInt32 = 0
        var pending: [UInt32: PendingReply] = [:]
        var closed = false
        /// Found while sending; the reader finds it a moment later and closes this end.
        var peerHasClosed = false
    }

    /// How long a request may wait for room in the socket of a peer that does not read.
    private static let sendTimeout = Duration.seconds(10)

    private let socket: SeqPacketSocket
    /// The name of the peer, for messages.
    private let name: String
    private let state = Mutex(State())
    private let reader = Mutex<Task<Void, Never>?>(nil)

    /// The process at the other end.
    package let peer: SeqPacketSocket.Peer?

    private init(_ socket: SeqPacketSocket, name: String, onEvent: @escaping EventHandler, onEnd: @escaping EndHandler) {
        self.socket = socket
        self.name = name
        peer = try? socket.peer()
        // The reader belongs to the connection: it ends with the socket and keeps nothing else alive.
        let task = Task { [weak self, socket] in
            while let record = try? await socket.receive() {
                guard let self else { return }
                guard await self.arrived(record, onEvent) else { break }
            }
            guard let self, self.end("the connection has ended") else { return }
            await onEnd()
            extendLifetime(self)
        }
        reader.withLock { $0 = task }
    }

    deinit { close() }

    /// Connects to a listening socket.
    /// - Parameter directory: the path may be longer than a socket address; the directory is opened first and named by its descriptor.
    package static func connect(
        directory: String, socket name: String, peer: String, onEvent: @escaping EventHandler = { _ in }, onEnd: @escaping EndHandler = {}
    ) async throws -> ShimConnection {
        let place = try OwnedFileDescriptor.open(directory, SWL_O_PATH | O_DIRECTORY)
        do {
            let socket = try await SeqPacketSocket.connect(to: "\(place.procPath)/\(name)", recordLimit: Int(SWL_MESSAGE_MAX))
            extendLifetime(place)
            return ShimConnection(socket, name: peer, onEvent: onEvent, onEnd: onEnd)
        } catch let error as SystemError {
            throw SystemError(code: error.code, call: error.call, path: "\(directory)/\(name)", errno: error.errno, detail: error.detail)
        }
    }

    /// Sends a request and waits for its reply, refused ones included.
    /// - Parameter timeout: a shim that does not answer in time has failed the caller. It may still do later what it was asked for.
    package func request(
        _ verb: swl_type, timeout: Duration, descriptors: [(role: swl_fd, descriptor: OwnedFileDescriptor)] = [],
        _ fill: (inout WireWriter) -> Void = { _ in }
    ) async throws(RuntimeFailure) -> ShimMessage {
        try await begin(verb, timeout: timeout, descriptors: descriptors, fill).value().get()
    }

    /// Sends a request; the reply is waited for later, so that requests can follow each other without a pause.
    /// - Parameter timeout: `nil` for as long as the connection lasts: the shim may be slow, and is not dead before its socket closes.
    package func begin(
        _ verb: swl_type, timeout: Duration?, descriptors: [(role: swl_fd, descriptor: OwnedFileDescriptor)] = [],
        _ fill: (inout WireWriter) -> Void = { _ in }
    ) async throws(RuntimeFailure) -> PendingReply {
        let pending = PendingReply()
        let sequence = state.withLock { state -> UInt32? in
            guard !state.closed else { return nil }
            repeat { state.next = state.next &+ 1 } while state.next == 0 || state.pending[state.next] != nil
            state.pending[state.next] = pending
            return state.next
        }
        guard let sequence else { throw RuntimeFailure(.internal, "\(name) is gone") }
        var writer = WireWriter(type: UInt16(verb.rawValue), sequence: sequence)
        fill(&writer)
        if !descriptors.isEmpty { writer.numbers(SWL_TAG_FDS, descriptors.map(\.role.rawValue)) }
        let bytes = writer.finished()
        guard bytes.count <= Int(SWL_MESSAGE_MAX), descriptors.count <= Int(SWL_FDS_MAX) else {
            forget(sequence)
            throw RuntimeFailure(
                .internal,
                "a request of \(bytes.count) bytes with \(descriptors.count) descriptors: wanted at most \(SWL_MESSAGE_MAX) and \(SWL_FDS_MAX)"
            )
        }
        do {
            try await socket.send(bytes, descriptors: descriptors.map(\.descriptor), timeout: timeout ?? Self.sendTimeout)
            if let timeout { arm(sequence, pending, timeout) }
        } catch {
            forget(sequence)
            if (error as? SystemError)?.code == .closed { state.withLock { $0.peerHasClosed = true } }
            throw RuntimeFailure(.internal, "\(name) cannot be asked: \(error)")
        }
        return pending
    }

    /// Ends the connection. Requests without a reply fail.
    package func close() {
        if end("the connection was closed") { reader.withLock { $0?.cancel() } }
    }

    /// Whether a further request would fail.
    package var isClosed: Bool { state.withLock { $0.closed || $0.peerHasClosed } }

    private func arm(_ sequence: UInt32, _ pending: PendingReply, _ timeout: Duration) {
        guard let loop = try? ReadinessLoop.shared() else { return }
        let token = loop.schedule(after: timeout) { [weak self] result in
            guard case .failure(let reason) = result, reason.code == .timedOut, let self else { return }
            self.forget(sequence)
            pending.fulfil(.failure(RuntimeFailure(.internal, "\(self.name) has not answered within \(timeout)")))
        }
        pending.onFulfilled { _ in loop.cancel(token) }
    }

    private func forget(_ sequence: UInt32) {
        state.withLock { _ = $0.pending.removeValue(forKey: sequence) }
    }

    /// Returns false if the stream cannot be read any further.
    private func arrived(_ record: SeqPacketSocket.Record, _ onEvent: EventHandler) async -> Bool {
        let message: ShimMessage
        do throws(RuntimeFailure) {
            message = try ShimMessage(record.bytes, descriptors: record.descriptors)
        } catch {
            return false
        }
        if message.type & SWL_EVENT.rawValue != 0 {
            await onEvent(message)
        } else if let pending = state.withLock({ $0.pending.removeValue(forKey: message.sequence) }) {
            pending.fulfil(.success(message))
        }
        // A reply without a request came too late: its request has failed already.
        return true
    }

    /// Returns false if the connection had ended before.
    private func end(_ why: String) -> Bool {
        let pending: [PendingReply]? = state.withLock { state in
            guard !state.closed else { return nil }
            state.closed = true
            defer { state.pending = [:] }
            return Array(state.pending.values)
        }
        guard let pending else { return false }
        socket.close()
        for reply in pending { reply.fulfil(.failure(RuntimeFailure(.internal, "\(name) did not answer: \(why)"))) }
        return true
    }
}
