import Glibc
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// One HTTP server: binds, serves until the service group stops it, and names the process that holds the port when it cannot bind.
struct ListeningServer: Sendable {
    let name: String
    let address: ListenAddress
    let builder: HTTPServerBuilder
    let logger: Logger
    let answer: @Sendable (Request, any Channel) async throws -> HTTPAnswer
    /// Counts the requests; `nil` for none.
    var meter: RequestMeter?
    var onListening: @Sendable (any Channel) async -> Void = { _ in }

    func run() async throws {
        let server = try builder.buildServer(
            configuration: ServerConfiguration(address: address.bindAddress),
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
            logger: logger,
            responder: { [answer, logger, meter] request, response, channel in
                let sample = meter?.begin(method: request.method.rawValue, uri: request.uri.string)
                defer { if let sample { meter?.end(sample) } }
                let result: HTTPAnswer
                do {
                    // In a task of its own: a task keeps the largest stack that it has needed until it ends, for a connection with a followed log 40 KiB.
                    async let made = answer(request, channel)
                    result = try await made
                } catch let refusal as Refusal {
                    result = refusal.answer
                } catch {
                    logger.error("Request failed", metadata: ["path": "\(request.uri.path)", "error": "\(error)"])
                    result = .text(.internalServerError, "\(error)\n")
                }
                try await AnswerWriter(eventLoop: channel.eventLoop, logger: logger).write(result, to: request, with: response)
            },
            onServerRunning: onListening)
        do {
            try await server.run()
        } catch let error as IOError {
            throw await explained(error)
        }
    }

    private func explained(_ error: IOError) async -> NodeServerError {
        let operation = "listen on \(address) for the \(name)"
        guard error.errnoCode == EADDRINUSE else {
            return NodeServerError(.cannotListen, operation: operation, message: "\(error); wanted an address of this machine that may be bound")
        }
        var holder: String?
        if case .tcp(_, let port) = address {
            holder = try? await NIOThreadPool.singleton.runIfActive { PortHolder.name(ofListenerOn: port) }
        }
        return NodeServerError(
            .addressInUse, operation: operation,
            message: "already in use by \(holder ?? "another process"); stop that or configure another address")
    }
}
