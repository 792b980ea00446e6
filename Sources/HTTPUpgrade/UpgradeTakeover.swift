package import NIOCore
package import NIOHTTP1

/// The use of a connection after its 101 response.
package struct UpgradeTakeover: Sendable {
    /// Headers of the 101 response. `Connection: Upgrade` and the first protocol the client named are added when missing.
    package var headers: HTTPHeaders
    /// Called on the channel's event loop when HTTP has left the pipeline and before the first byte after the request is
    /// delivered: adds the handlers of the new protocol and returns what runs the conversation. The channel is closed when
    /// that returns.
    package var start: @Sendable (any Channel) throws -> @Sendable () async -> Void

    package init(headers: HTTPHeaders, start: @escaping @Sendable (any Channel) throws -> @Sendable () async -> Void) {
        self.headers = headers
        self.start = start
    }

    /// Takes the connection over as plain bytes, with back-pressure in both directions.
    package static func bytes(
        headers: HTTPHeaders,
        handle: @escaping @Sendable (NIOAsyncChannel<ByteBuffer, ByteBuffer>) async -> Void
    ) -> UpgradeTakeover {
        framed(headers: headers, addHandlers: { _ in }, handle: handle)
    }

    /// Takes the connection over with handlers that turn bytes into frames, for example a WebSocket's.
    package static func framed<Inbound: Sendable, Outbound: Sendable>(
        headers: HTTPHeaders,
        addHandlers: @escaping @Sendable (ChannelPipeline.SynchronousOperations) throws -> Void,
        handle: @escaping @Sendable (NIOAsyncChannel<Inbound, Outbound>) async -> Void
    ) -> UpgradeTakeover {
        UpgradeTakeover(headers: headers) { channel in
            try addHandlers(channel.pipeline.syncOperations)
            let wrapped = try NIOAsyncChannel<Inbound, Outbound>(
                wrappingChannelSynchronously: channel,
                configuration: .init(isOutboundHalfClosureEnabled: true)
            )
            return { await handle(wrapped) }
        }
    }
}
