import CLinux
import LinuxSystem
import Logging
import Synchronization

/// Reports changes in the folders of logs that are followed, by one inotify instance for all followers: a user has few instances.
final class LogChanges: Sendable {
    /// One reader of a log. Its descriptor becomes readable when something in the folder changes.
    final class Follower: Sendable {
        let descriptor: OwnedFileDescriptor
        /// Without a watch, the reader has to look now and then.
        fileprivate let watch: Inotify.Watch?
        private let changes: LogChanges

        fileprivate init(_ descriptor: OwnedFileDescriptor, _ watch: Inotify.Watch?, _ changes: LogChanges) {
            self.descriptor = descriptor
            self.watch = watch
            self.changes = changes
        }

        deinit { changes.forget(descriptor, watch) }

        /// How long a reader may wait for a change before it has to look itself; `nil` for ever.
        var longestWait: Duration? { watch == nil ? .seconds(1) : nil }
    }

    private struct State {
        var inotify: Inotify?
        var followers: [Inotify.Watch: [ObjectIdentifier: OwnedFileDescriptor]] = [:]
        var isReported = false
    }

    private let makeInotify: @Sendable () throws(SystemError) -> Inotify
    private let logger: Logger
    private let state = Mutex(State())

    init(
        logger: Logger, makeInotify: @escaping @Sendable () throws(SystemError) -> Inotify = { () throws(SystemError) in try Inotify() }
    ) {
        self.logger = logger
        self.makeInotify = makeInotify
    }

    /// Blocking: opens the folder. Every change after the return of this call is reported.
    func follow(_ folder: String) throws(SystemError) -> Follower {
        let signal = try descriptorCall("eventfd") { swl_eventfd() }
        // Opened before the lock is taken: a watch by descriptor touches no disk.
        let opened = try OwnedFileDescriptor.open(folder, SWL_O_PATH)
        do throws(SystemError) {
            return Follower(signal, try add(signal, to: opened), self)
        } catch {
            report(error)
            return Follower(signal, nil, self)
        }
    }

    private func add(_ signal: OwnedFileDescriptor, to folder: OwnedFileDescriptor) throws(SystemError) -> Inotify.Watch {
        try state.withLock { (state) throws(SystemError) in
            let inotify: Inotify
            if let made = state.inotify {
                inotify = made
            } else {
                inotify = try makeInotify()
                state.inotify = inotify
                inotify.forEachBatch { [weak self] events in self?.report(events) }
            }
            let watch = try inotify.add(folder.procPath, [.modify, .create, .movedTo])
            // Under the same lock as the call: an event of the watch finds its followers.
            state.followers[watch, default: [:]][ObjectIdentifier(signal)] = signal
            return watch
        }
    }

    private func forget(_ signal: OwnedFileDescriptor, _ watch: Inotify.Watch?) {
        guard let watch else { return }
        state.withLock { state in
            state.followers[watch]?[ObjectIdentifier(signal)] = nil
            guard state.followers[watch]?.isEmpty == true else { return }
            state.followers[watch] = nil
            state.inotify?.remove(watch)
        }
    }

    private func report(_ events: [Inotify.Event]) {
        let hasOverflow = events.contains { $0.isOverflow }
        let watches = Set(events.map(\.watch))
        let signals = state.withLock { state in
            state.followers.flatMap { watch, followers in hasOverflow || watches.contains(watch) ? Array(followers.values) : [] }
        }
        // Its counter is full only if it is readable.
        for signal in signals { try? signal.writeAll([1, 0, 0, 0, 0, 0, 0, 0] as [UInt8]) }
    }

    private func report(_ error: SystemError) {
        let isFirst = state.withLock { state in
            defer { state.isReported = true }
            return !state.isReported
        }
        guard isFirst else { return }
        logger.warning(
            "Changes of logs are not reported by the kernel; followed logs are looked at every second",
            metadata: ["reason": "\(Inotify.explanation(of: error))"])
    }
}
