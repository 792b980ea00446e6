import CLinux
import Glibc
import LinuxSystem
import PodCore
import ShimClient
import Synchronization

/// A log being read and, if wanted, followed until its container has ended and everything was read.
final class FileLogSession: LogSession {
    private let path: String
    /// Taken out while it is used: no lock is held over reading.
    private let reader: Mutex<LogReader?>
    private let follower: LogChanges.Follower?
    private let wake: ReadinessSet?
    private let ended: Promise<Void>
    private let endToken: Promise<Void>.Token?
    private let isClosed = Atomic(false)
    private let pool: BlockingPool

    /// Blocking: finds the beginning of the wanted lines.
    /// - Parameter ended: given when the container has ended.
    init(path: String, options: LogOptions, ended: Promise<Void>, changes: LogChanges, pool: BlockingPool) throws(RuntimeFailure) {
        self.path = path
        self.ended = ended
        self.pool = pool
        do throws(SystemError) {
            // Watched before the first look: nothing can happen between the two.
            if options.follow {
                // The directory, not the file: the directory reports a rotated file's successor as well.
                let follower = try changes.follow(path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ".")
                let wake = try ReadinessSet([follower.descriptor])
                self.follower = follower
                self.wake = wake
                endToken = ended.onFulfilled { [weak wake] _ in wake?.interrupt() }
            } else {
                follower = nil
                wake = nil
                endToken = nil
            }
            reader = Mutex(try LogReader(path: path, options: options))
        } catch {
            if error.isNotFound {
                throw RuntimeFailure(.notFound, "the log file \(path) does not exist: the container has not started, or its log was removed")
            }
            throw RuntimeFailure(.internal, "the log file \(path) cannot be read: \(error)")
        }
    }

    deinit {
        if let endToken { ended.forget(endToken) }
        if let follower { wake?.remove(follower.descriptor) }
    }

    func read() async throws(RuntimeFailure) -> [UInt8]? {
        while !isClosed.load(ordering: .acquiring) {
            guard
                let reader = reader.withLock({ reader -> LogReader? in
                    defer { reader = nil }
                    return reader
                })
            else { return nil }
            let isEnded = ended.ifFulfilled != nil
            do {
                drain()
                let (after, step) = try await pool.run("read log") {
                    var reader = reader
                    let step = try reader.next(isEnded: isEnded)
                    return (reader, step)
                }
                switch step {
                case .bytes(let bytes):
                    self.reader.withLock { $0 = after }
                    return bytes
                case .end:
                    return nil
                case .nothingYet:
                    self.reader.withLock { $0 = after }
                    do {
                        try await wake?.wait(timeout: follower?.longestWait)
                    } catch let error as SystemError where error.code == .timedOut {}
                }
            } catch {
                throw RuntimeFailure(translating: error, during: "read log \(path)", .internal)
            }
        }
        return nil
    }

    func close() async {
        isClosed.store(true, ordering: .releasing)
        reader.withLock { $0 = nil }
        wake?.interrupt()
    }

    /// Any change counts: the file is read in any case.
    private func drain() {
        guard let follower else { return }
        while let events = try? follower.descriptor.read(upTo: 8), !events.isEmpty {}
    }
}
