import Glibc
import LinuxSystem

/// Where the spawner listens.
enum SpawnerSocket {
    /// The spawner writes this file when it listens.
    static func pidFile(_ runDirectory: String) -> String { runDirectory + "/spawner.pid" }

    /// Connects to the spawner, or to the first one that listens within `patience`; `nil` when there is none.
    static func connect(_ runDirectory: String, patience: Duration) async throws -> ShimConnection? {
        guard patience > .zero else { return try await connect(runDirectory) }
        let deadline = KernelClock.monotonic + patience.nanoseconds
        // Before the first try: a spawner that listens after a failed one gives an event.
        guard let changes = try? Inotify(), (try? changes.add(runDirectory, .closeWrite)) != nil else {
            // All instances are used up.
            return try await connectAgainAndAgain(runDirectory, until: deadline)
        }
        var events = changes.makeAsyncIterator()
        while true {
            if let connection = try await connect(runDirectory) { return connection }
            do {
                _ = try await events.next(timeout: .nanoseconds(max(0, deadline - KernelClock.monotonic)))
            } catch let error as SystemError where error.code == .timedOut {
                return try await connect(runDirectory)
            }
        }
    }

    private static func connectAgainAndAgain(_ runDirectory: String, until deadline: Int64) async throws -> ShimConnection? {
        while true {
            if let connection = try await connect(runDirectory) { return connection }
            guard KernelClock.monotonic < deadline else { return nil }
            try await ReadinessLoop.shared().pause(.milliseconds(200))
        }
    }

    private static func connect(_ runDirectory: String) async throws -> ShimConnection? {
        do {
            return try await ShimConnection.connect(directory: runDirectory, socket: "spawner.sock", peer: "the spawner")
        } catch let error as SystemError where error.isNotFound || error.is(ECONNREFUSED) {
            return nil
        }
    }
}
