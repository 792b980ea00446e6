package import Logging
import PodCore

/// Records the event SystemOOM whenever the kernel kills a process because the machine has no memory left.
package struct OutOfMemoryWatch: Sendable {
    private let nodeName: String
    private let events: EventRecorder
    private let logger: Logger
    /// Returns the kernel's next message.
    private let next: @Sendable () async throws -> String

    package init(nodeName: String, events: EventRecorder, logger: Logger, next: @escaping @Sendable () async throws -> String) {
        self.nodeName = nodeName
        self.events = events
        self.logger = logger
        self.next = next
    }

    /// Returns when the task is cancelled, or when there are no more messages.
    package func run() async {
        var log = OutOfMemoryLog()
        while !Task.isCancelled {
            do {
                guard let victim = log.receive(try await next()) else { continue }
                logger.error("The machine has no memory left", metadata: ["killed": "\(victim.process)", "pid": "\(victim.pid)"])
                let message = "System OOM encountered, victim process: \(victim.process), pid: \(victim.pid)"
                events.record(PodEventRecord(.warning, "SystemOOM", message), aboutNode: nodeName)
            } catch is CancellationError {
                return
            } catch {
                logger.warning("Messages of the kernel cannot be read; a machine without memory is not reported", metadata: ["error": "\(error)"])
                return
            }
        }
    }
}
