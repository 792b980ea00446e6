import HTTPUpgrade
import NIOCore
import SPDY

/// SPDY/3.1 on a connection that has left HTTP.
enum SPDYChannel {
    typealias Connection = NIOAsyncChannel<SPDYFrame, SPDYFrame>

    /// On the channel's event loop. What stands before the handlers that this adds must deliver bytes.
    static func wrap(_ channel: any Channel) throws -> Connection {
        try channel.pipeline.syncOperations.addHandlers([
            ByteToMessageHandler(SPDYByteDecoder()),
            MessageToByteHandler(SPDYByteEncoder()),
            CloseOnInputClosed(),
        ])
        return try Connection(
            // Data comes in parts of up to 64 KiB, so few of them wait.
            wrappingChannelSynchronously: channel, configuration: .init(backPressureStrategy: .init(lowWatermark: 1, highWatermark: 4)))
    }

    /// Ends a connection whose client broke the protocol. Not through the writer, which would wait for a client that does not read.
    static func close(_ channel: any Channel, _ violation: SPDYViolation) {
        channel.writeAndFlush(SPDYFrame.goAway(lastGood: 0, status: 1), promise: nil)
        channel.close(promise: nil)
    }
}
