import Glibc
import NIOCore
import NIOPosix

/// One connection of a probe, from the lookup of its host to its close.
struct ProbeConnection {
    /// The system gives up earlier. Probes have deadlines of their own.
    private static let connectLimit = TimeAmount.minutes(3)

    let host: String
    let port: Int
    /// Absent: as long as the peer keeps the connection.
    let deadline: NIODeadline?
    /// How long the peer may take to close first after the answer. The side that closes first keeps the connection's ports for a minute.
    var patience = TimeAmount.zero
    /// Whether success ends the connection by a reset, which keeps no port, and of which a peer that got no request loses nothing.
    var resets = false
    /// Returns all addresses of a name; none for an unknown one. May block.
    var lookup: @Sendable (_ name: String, _ port: Int) -> [SocketAddress] = HostLookup.addresses

    /// Returns what the handlers give to the promise, and closes the connection. Throws ``ProbeTimeout``, ``DialFailure``, and the promise's error.
    /// - Parameter addHandlers: called on the channel's event loop before the connection is made.
    func run<Answer: Sendable>(_ addHandlers: @escaping @Sendable (any Channel, EventLoopPromise<Answer>) throws -> Void) async throws -> Answer {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let answer = loop.makePromise(of: Answer.self)
        if let deadline {
            let timer = loop.scheduleTask(deadline: deadline) { answer.fail(ProbeTimeout()) }
            answer.futureResult.whenComplete { _ in timer.cancel() }
        }
        addresses(loop).flatMap { connect(toFirstOf: $0[...], on: loop, answer, addHandlers) }.whenFailure {
            answer.fail($0 is ProbeTimeout ? $0 : DialFailure($0))
        }
        return try await withTaskCancellationHandler {
            try await answer.futureResult.get()
        } onCancel: {
            answer.fail(CancellationError())
        }
    }

    /// Tries one address after the other. The failure is the first one's, as with Go's dialer.
    private func connect<Answer: Sendable>(
        toFirstOf addresses: ArraySlice<SocketAddress>, on loop: any EventLoop, _ answer: EventLoopPromise<Answer>,
        _ addHandlers: @escaping @Sendable (any Channel, EventLoopPromise<Answer>) throws -> Void
    ) -> EventLoopFuture<any Channel> {
        guard let first = addresses.first else { return loop.makeFailedFuture(UnknownHost(name: host)) }
        let attempt = connect(to: first, on: loop, answer, addHandlers)
        let others = addresses.dropFirst()
        guard !others.isEmpty else { return attempt }
        return attempt.flatMapError { failure in
            connect(toFirstOf: others, on: loop, answer, addHandlers).flatMapErrorThrowing { _ in throw failure }
        }
    }

    private func connect<Answer: Sendable>(
        to address: SocketAddress, on loop: any EventLoop, _ answer: EventLoopPromise<Answer>,
        _ addHandlers: @escaping @Sendable (any Channel, EventLoopPromise<Answer>) throws -> Void
    ) -> EventLoopFuture<any Channel> {
        ClientBootstrap(group: loop).connectTimeout(Self.connectLimit)
            .channelInitializer { channel in
                answer.futureResult.whenComplete { close(channel, after: $0) }
                return loop.makeCompletedFuture { try addHandlers(channel, answer) }
            }
            .connect(to: address)
    }

    private func close(_ channel: any Channel, after result: Result<some Sendable, any Error>) {
        guard case .success = result, channel.isActive else { return channel.close(promise: nil) }
        if resets, let options = channel as? any SocketOptionProvider {
            options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in channel.close(promise: nil) }
            return
        }
        guard patience > .zero else { return channel.close(promise: nil) }
        let timer = channel.eventLoop.scheduleTask(in: patience) { channel.close(promise: nil) }
        channel.closeFuture.whenComplete { _ in timer.cancel() }
    }

    private func addresses(_ loop: any EventLoop) -> EventLoopFuture<[SocketAddress]> {
        if let address = try? SocketAddress(ipAddress: host, port: port) { return loop.makeSucceededFuture([address]) }
        return NIOThreadPool.singleton.runIfActive(eventLoop: loop) { [host, port, deadline, lookup] in
            // Behind a slow resolver, look-ups for probes that are over would delay those that are not, more with each period.
            if let deadline, deadline <= .now() { throw ProbeTimeout() }
            return lookup(host, port)
        }
    }
}

/// The deadline passed before the answer was complete.
struct ProbeTimeout: Error {}

/// No address belongs to this name.
struct UnknownHost: Error {
    let name: String
}
