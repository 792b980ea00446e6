import CLinux
import Glibc
import Synchronization

/// File events as an asynchronous sequence. One consumer; the buffer is the kernel's own and bounded by it
/// (fs.inotify.max_queued_events), after which one `isOverflow` event demands a look at everything.
package final class Inotify: AsyncSequence, Sendable {
    package struct Mask: OptionSet, Sendable, Hashable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }

        package static let modify = Mask(rawValue: SWL_IN_MODIFY)
        package static let attributes = Mask(rawValue: SWL_IN_ATTRIB)
        package static let closeWrite = Mask(rawValue: SWL_IN_CLOSE_WRITE)
        package static let movedFrom = Mask(rawValue: SWL_IN_MOVED_FROM)
        package static let movedTo = Mask(rawValue: SWL_IN_MOVED_TO)
        package static let create = Mask(rawValue: SWL_IN_CREATE)
        package static let delete = Mask(rawValue: SWL_IN_DELETE)
        package static let deleteSelf = Mask(rawValue: SWL_IN_DELETE_SELF)
        package static let moveSelf = Mask(rawValue: SWL_IN_MOVE_SELF)
        package static let onlyDirectory = Mask(rawValue: SWL_IN_ONLYDIR)
        /// The events for a directory of configuration files: whole files that appear, change or go.
        package static let directoryContent: Mask = [.closeWrite, .movedFrom, .movedTo, .create, .delete]
    }

    package struct Watch: Sendable, Hashable {
        package let number: Int32
    }

    package struct Event: Sendable, Hashable {
        package let watch: Watch
        package let mask: Mask
        /// The entry of the watched directory; empty when the watched object itself is meant.
        package let name: String

        /// Events were lost: look at everything again.
        package var isOverflow: Bool { mask.rawValue & SWL_IN_Q_OVERFLOW != 0 }
        /// The watch is gone (its object was deleted, unmounted, or `remove` was called).
        package var isIgnored: Bool { mask.rawValue & SWL_IN_IGNORED != 0 }
    }

    private let descriptor: OwnedFileDescriptor
    private let listening = Mutex<ReadinessLoop.Token?>(nil)

    deinit {
        if let token = listening.withLock({ $0 }), let loop = try? ReadinessLoop.shared() { loop.cancel(token) }
    }

    package init() throws(SystemError) {
        descriptor = try descriptorCall("inotify_init1") { swl_inotify_init() }
    }

    /// Watches `path`. Watching an object again returns its watch with the new mask.
    package func add(_ path: String, _ mask: Mask) throws(SystemError) -> Watch {
        Watch(number: try systemCall("inotify_add_watch", path) { descriptor.withRawValue { swl_inotify_add($0, path, mask.rawValue) } })
    }

    /// Ends a watch. A watch that is gone already is a success.
    package func remove(_ watch: Watch) {
        descriptor.withRawValue { _ = swl_inotify_remove($0, watch.number) }
    }

    /// Calls `body` on the readiness loop's thread with the events that are there, whenever there are some, up to the end of this instance.
    ///
    /// The loop rests for 10 ms after each call, so that objects that change all the time cannot keep it busy.
    package func forEachBatch(_ body: @escaping @Sendable ([Event]) -> Void) {
        guard let loop = try? ReadinessLoop.shared() else { return }
        do throws(SystemError) {
            let token = try loop.register(descriptor, .readable) { [weak self] _ in self?.giveBatch(to: body, loop) }
            listening.withLock { $0 = token }
        } catch {
            // No descriptor is free. What happens meanwhile waits in the kernel.
            listen(after: .seconds(1), body, loop)
        }
    }

    private func giveBatch(to body: @escaping @Sendable ([Event]) -> Void, _ loop: ReadinessLoop) {
        var events: [Event] = []
        while let bytes = try? descriptor.read(upTo: 64 << 10), !bytes.isEmpty { events += Self.parse(bytes) }
        body(events)
        listen(after: .milliseconds(10), body, loop)
    }

    private func listen(after pause: Duration, _ body: @escaping @Sendable ([Event]) -> Void, _ loop: ReadinessLoop) {
        _ = loop.schedule(after: pause) { [weak self] _ in self?.forEachBatch(body) }
    }

    /// Says in words for a person why an instance or a watch cannot be had, and what to do.
    package static func explanation(of error: SystemError) -> String {
        let name = error.is(ENOSPC) ? "max_user_watches" : "max_user_instances"
        let value = (try? SmallFile.line("/proc/sys/fs/inotify/\(name)")) ?? "unknown"
        return "\(error): fs.inotify.\(name) is \(value), and counts for all processes of root, in pods as well: "
            + "raise it (sysctl -w fs.inotify.\(name)=...), or end what uses it up"
    }

    package func makeAsyncIterator() -> Iterator { Iterator(descriptor: descriptor) }

    package struct Iterator: AsyncIteratorProtocol {
        fileprivate let descriptor: OwnedFileDescriptor
        private var pending: ArraySlice<Event> = []

        fileprivate init(descriptor: OwnedFileDescriptor) { self.descriptor = descriptor }

        /// The next event. Throws `CancellationError` when the task is cancelled.
        package mutating func next() async throws -> Event? { try await next(timeout: nil) }

        /// Like `next`, with `.timedOut` after `timeout`.
        package mutating func next(timeout: Duration?) async throws -> Event? {
            while true {
                if let event = pending.popFirst() { return event }
                do throws(SystemError) {
                    pending = Inotify.parse(try descriptor.read(upTo: 16 << 10))[...]
                    continue
                } catch {
                    guard error.is(EAGAIN) else { throw error }
                }
                try await ReadinessLoop.shared().wait(for: descriptor, .readable, timeout: timeout)
            }
        }
    }

    private static func parse(_ bytes: [UInt8]) -> [Event] {
        var events: [Event] = []
        let headerSize = MemoryLayout<swl_inotify_header>.size
        bytes.withUnsafeBytes { buffer in
            var offset = 0
            while offset + headerSize <= buffer.count {
                let header = buffer.loadUnaligned(fromByteOffset: offset, as: swl_inotify_header.self)
                let start = offset + headerSize
                let end = start + Int(header.name_length)
                guard end <= buffer.count else { return }
                // Padded with NULs to a multiple of the header's size.
                let name = String(decoding: buffer[start..<end].prefix { $0 != 0 }, as: UTF8.self)
                events.append(Event(watch: Watch(number: header.watch), mask: Mask(rawValue: header.mask), name: name))
                offset = end
            }
        }
        return events
    }
}
