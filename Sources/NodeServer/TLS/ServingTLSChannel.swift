import HummingbirdCore
import Logging
import NIOCore
import NIOSSL

/// TLS with the certificate of the moment, in front of another channel.
struct ServingTLSChannel<Base: ServerChildChannel>: ServerChildChannel {
    typealias Value = Base.Value

    let base: Base
    let credentials: ServingCredentials
    let stopDeadline: TimeAmount
    /// Called when a connection has ended.
    let onEnd: @Sendable () -> Void

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let loaded = credentials.current()
            try channel.pipeline.syncOperations.addHandler(StopDeadline(stopDeadline))
            try channel.pipeline.syncOperations.addHandler(
                NIOSSLServerHandler(
                    context: loaded.context,
                    customVerificationCallbackWithMetadata: { presented, result in
                        // Like kubelet, finish the handshake in any case: a client with a certificate from elsewhere may still
                        // bring a token. Only a chain that was verified is passed on.
                        result.completeWithTask {
                            .certificateVerified(
                                VerificationMetadata(await loaded.verifier.verifiedChain(presented).map(ValidatedCertificateChain.init)))
                        }
                    }))
        }.flatMap {
            // Without it, a client whose machine is gone is never noticed while the client waits for a log or a program.
            channel.setOption(.socketOption(.so_keepalive), value: 1)
        }.flatMap {
            base.setup(channel: channel, logger: logger)
        }
    }

    func handle(value: Value, logger: Logger) async {
        await base.handle(value: value, logger: logger)
        onEnd()
    }
}
