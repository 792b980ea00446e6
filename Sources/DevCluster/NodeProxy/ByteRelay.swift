import HTTPUpgrade
import NIOCore

/// Copies bytes between a client and a node in both directions, each side no faster than the other reads.
enum ByteRelay {
    static func run(_ client: NIOAsyncChannel<ByteBuffer, ByteBuffer>, _ nodeChannel: any Channel, _ gate: NodeResponseGate) async {
        do {
            let node = try await nodeChannel.eventLoop.submit {
                let wrapped = try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                    wrappingChannelSynchronously: nodeChannel, configuration: .init(isOutboundHalfClosureEnabled: true))
                gate.open(nodeChannel)
                return wrapped
            }.get()
            try await client.executeThenClose { fromClient, toClient in
                try await node.executeThenClose { fromNode, toNode in
                    await withTaskGroup(of: Bool.self) { group in
                        group.addTask {
                            await copy(fromNode, toClient, client.channel.eventLoop)
                            return true
                        }
                        group.addTask {
                            await copy(fromClient, toNode, nodeChannel.eventLoop)
                            return false
                        }
                        // When the node has ended there is nothing to wait for; a client may end its input and still listen.
                        while let nodeEnded = await group.next() {
                            if nodeEnded { group.cancelAll() }
                        }
                    }
                }
            }
        } catch {
            nodeChannel.close(promise: nil)
        }
    }

    private static func copy(
        _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>, _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>, _ eventLoop: any EventLoop
    ) async {
        do {
            for try await bytes in inbound {
                try await outbound.write(bytes)
                try await eventLoop.catchUp()
            }
        } catch {}  // either side may break off at any time: that ends the session
        outbound.finish()
    }
}
