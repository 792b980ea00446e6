import CLinux
import Glibc
import LinuxSystem
import Logging
import Synchronization

/// Compresses rotated logs, one at a time on this node, on a thread that gives way to everything else and ends when nothing is left to do.
final class LogCompressor: Sendable {
    private struct Work {
        /// In the order of arrival, each log once: what was rotated meanwhile is found when its turn comes.
        var waiting: [String] = []
        var isWorking = false
    }

    private let work = Mutex(Work())
    private let logger: Logger

    init(logger: Logger) { self.logger = logger }

    /// Compresses the rotated files of the log at this path, rotated now or while no agent ran. Does not block.
    func compress(_ path: String) {
        let starts = work.withLock { work in
            if !work.waiting.contains(path) { work.waiting.append(path) }
            defer { work.isWorking = true }
            return !work.isWorking
        }
        guard starts else { return }
        do throws(SystemError) {
            try DedicatedThread.start(name: "compress logs") { [self] in
                // For this thread only. Where it is refused the work is done all the same.
                setpriority(Int32(PRIO_PROCESS.rawValue), 0, 19)
                while let path = next() { compressNow(path) }
            }
        } catch {
            // The next rotation tries again.
            work.withLock { $0.isWorking = false }
            logger.warning("Rotated logs are not compressed", metadata: ["log": .string(path), "error": .string("\(error)")])
        }
    }

    private func next() -> String? {
        work.withLock { work in
            guard !work.waiting.isEmpty else {
                work.isWorking = false
                return nil
            }
            return work.waiting.removeFirst()
        }
    }

    private func compressNow(_ path: String) {
        do throws(SystemError) { try LogCompression.run(path) } catch {
            // The pod is gone, and its logs with it.
            if error.isNotFound { return }
            logger.warning("Rotated log cannot be compressed", metadata: ["log": .string(path), "error": .string("\(error)")])
        }
    }
}
