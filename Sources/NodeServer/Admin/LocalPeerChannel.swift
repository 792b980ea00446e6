import Glibc
import HummingbirdCore
import Logging
import NIOCore

/// Lets only root, and the user that the agent runs as, through a unix socket, whatever the file's mode says.
struct LocalPeerChannel<Base: ServerChildChannel>: ServerChildChannel {
    typealias Value = Base.Value

    let base: Base

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        guard let socket = channel as? any SocketOptionProvider else {
            channel.close(promise: nil)
            return channel.eventLoop.makeFailedFuture(Self.refused("its credentials cannot be read"))
        }
        let peer: EventLoopFuture<PeerCredentials> = socket.unsafeGetSocketOption(level: .socket, name: .init(rawValue: SO_PEERCRED))
        return peer.flatMap { peer in
            guard peer.uid == 0 || peer.uid == geteuid() else {
                logger.warning(
                    "Connection of a user other than root to the operators' socket refused", metadata: ["uid": "\(peer.uid)", "pid": "\(peer.pid)"])
                // Failing alone would leave the connection open.
                channel.close(promise: nil)
                return channel.eventLoop.makeFailedFuture(Self.refused("uid \(peer.uid) is not root"))
            }
            return channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(StopDeadline(StreamTimes().stop))
            }.flatMap {
                base.setup(channel: channel, logger: logger)
            }
        }
    }

    func handle(value: Value, logger: Logger) async {
        await base.handle(value: value, logger: logger)
    }

    private static func refused(_ reason: String) -> NodeServerError {
        NodeServerError(.socketPath, operation: "accept a connection on the operator's socket", message: reason)
    }
}

/// `struct ucred` of unix(7), which glibc shows to GNU sources only.
private struct PeerCredentials: Sendable {
    let pid: Int32
    let uid: UInt32
    let gid: UInt32
}
