import Logging
import PodCore

/// Connects clients with ports of one sandbox.
struct PortForwarder: Sendable {
    let ports: any SandboxPorts
    let sandboxID: String
    let pod: EndpointPath.PodAddress
    let logger: Logger

    /// Serves one connection to its end. Each direction ends by itself: a client that ends its side still gets the whole answer.
    func run(port: UInt16, from inbox: ForwardInbox, to sink: some ForwardSink) async {
        do {
            let connection: any SandboxConnection
            do {
                connection = try await ports.connect(port: port, inSandbox: sandboxID)
            } catch {
                let text = "error forwarding port \(port) to pod \(pod.pod), uid \(pod.uid ?? ""): \(error)"
                logger.debug("Port cannot be forwarded", metadata: ["reason": "\(text)"])
                inbox.abort()
                try await sink.fail(text)
                return try await sink.finish()
            }
            // Wakes both directions.
            inbox.whenAborted { connection.close() }
            await withDiscardingTaskGroup { group in
                group.addTask { await sendInput(from: inbox, to: connection) }
                group.addTask { await sendOutput(of: connection, to: sink, inbox) }
            }
            connection.close()
            try await sink.finish()
        } catch {
            // The client has left, and its connection's end is noticed there.
            logger.trace("Client of a forwarded port has left", metadata: ["error": "\(error)"])
        }
    }

    private func sendInput(from inbox: ForwardInbox, to connection: any SandboxConnection) async {
        while let bytes = await inbox.take() {
            do {
                try await connection.write(bytes)
            } catch {
                // The program may still send, or the other direction sees why it does not.
                inbox.refuse()
                return
            }
        }
        if !inbox.isAborted { connection.closeOutput() }
    }

    private func sendOutput(of connection: any SandboxConnection, to sink: some ForwardSink, _ inbox: ForwardInbox) async {
        do {
            while let bytes = try await connection.read() { try await sink.send(bytes) }
            if inbox.isAborted { return }
            try await sink.end()
            // Older clients close their side of the forward only when the error stream has ended too.
            try await sink.finish()
            if !sink.clientEndsAlone { inbox.abort() }
        } catch is RuntimeFailure {
            if !inbox.isAborted { try? await sink.breakOff() }
            inbox.abort()
        } catch {
            // The client has left. A program that is held up by its own bytes would not take the client's last ones.
            while (try? await connection.read()) != nil {}
        }
    }
}
