package import Timing

/// Reports to the service manager that the agent serves: once at the start, then at each interval.
package struct Watchdog: Sendable {
    private let interval: Duration?
    private let time: any TimeSource
    private let isAlive: @Sendable () async -> Void
    private let send: @Sendable (String) throws -> Void

    /// - Parameters:
    ///   - interval: `nil` where the service manager waits for no further report.
    ///   - isAlive: returns once the parts that serve pods have answered: an agent whose loops run while it serves no pod is not alive.
    ///   - send: sends an assignment of sd_notify(3).
    package init(
        interval: Duration?, time: any TimeSource, isAlive: @escaping @Sendable () async -> Void,
        send: @escaping @Sendable (String) throws -> Void
    ) {
        self.interval = interval
        self.time = time
        self.isAlive = isAlive
        self.send = send
    }

    /// Returns after the first report without an interval, otherwise not before it is cancelled.
    package func run() async throws {
        try send("READY=1")
        guard let interval else { return }
        while true {
            await isAlive()
            try send("WATCHDOG=1")
            try await time.sleep(for: interval)
        }
    }
}
