import HummingbirdCore
import ServiceLifecycle

extension Request {
    /// Runs `body` in a task that is cancelled when the client leaves or the server is to stop. For answers that take long to make.
    func whileClientStays<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let (ends, end) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        return try await self.body.consumeWithInboundCloseHandler { _ in
            try await withGracefulShutdownHandler {
                try await withThrowingTaskGroup(of: Value?.self) { group in
                    group.addTask {
                        defer { end.finish() }
                        return try await body()
                    }
                    group.addTask {
                        for await _ in ends { break }
                        return nil
                    }
                    var value: Value?
                    while let ended = try await group.next() {
                        if let ended { value = ended } else { group.cancelAll() }
                    }
                    guard let value else { throw CancellationError() }
                    return value
                }
            } onGracefulShutdown: {
                end.finish()
            }
        } onInboundClosed: {
            end.finish()
        }
    }
}
