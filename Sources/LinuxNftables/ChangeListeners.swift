import CMnl
import LinuxNetlink
import Nftables
import Synchronization

/// The process' subscriptions to changes of nf_tables. None of them is there while a large transaction is committed.
///
/// While anybody listens, the kernel prepares a message of some KiB for each element of a transaction and keeps all of them up to its end
/// (`nf_tables_setelem_notify`): 32 KiB for a Service with two endpoints, and most of the time that the commit takes.
final class ChangeListeners: Sendable {
    static let shared = ChangeListeners()

    /// A transaction with fewer elements is committed with the listeners in place.
    static let leastElements = 1000

    private static let group = NFNLGRP_NFTABLES.rawValue

    private struct Listener: Sendable {
        let namespace: UInt64
        let socket: @Sendable () -> NetlinkSocket?
        let changes: AsyncStream<Void>.Continuation
    }

    private let listeners = Mutex<[Listener]>([])

    /// Subscribes a socket for as long as it lives. Waits for a commit that is under way.
    /// - Parameters:
    ///   - namespace: the inode of the socket's network namespace.
    ///   - changes: of the stream that the socket's notifications become.
    func add(_ socket: NetlinkSocket, in namespace: UInt64, _ changes: AsyncStream<Void>.Continuation) throws {
        try listeners.withLock { listeners in
            try socket.join(Self.group)
            listeners.append(Listener(namespace: namespace, socket: { [weak socket] in socket }, changes: changes))
        }
    }

    /// Commits while no listener of this process is subscribed in a namespace. If another program commits in that time, each of them gets a value.
    /// - Parameter generation: reads the number of the ruleset's state: each commit makes the next one.
    func pause(in namespace: UInt64, generation: () throws -> UInt32, _ commit: () throws -> Void) throws {
        try listeners.withLock { listeners in
            listeners.removeAll { $0.socket() == nil }
            let present = listeners.filter { $0.namespace == namespace }
            if present.isEmpty { return try commit() }
            let before = try generation()
            // One that cannot be taken away costs memory only.
            for listener in present { try? listener.socket()?.leave(Self.group) }
            let result = Result { try commit() }
            for listener in present {
                do { try listener.socket()?.join(Self.group) } catch { listener.changes.finish() }
            }
            let commits: UInt32 = if case .success = result { 1 } else { 0 }
            if (try? generation()) != before &+ commits {
                for listener in present { listener.changes.yield() }
            }
            try result.get()
        }
    }
}

extension Transaction {
    /// Elements that come and go by name.
    var elementCount: Int {
        operations.reduce(0) { sum, operation in
            switch operation {
            case .addElements(_, _, let elements), .deleteElements(_, _, let elements): sum + elements.count
            default: sum
            }
        }
    }
}
