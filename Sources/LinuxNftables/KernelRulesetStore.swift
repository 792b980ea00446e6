import CMnl
import Glibc
import LinuxNetlink
package import LinuxSystem
package import Nftables

/// The kernel's nf_tables as a ruleset store.
///
/// Requests block for as long as the kernel needs (about 7 µs per element), on threads of a pool, never on the caller's.
package final class KernelRulesetStore: RulesetStore {
    /// How often a read is repeated when another program commits in between.
    static let readAttempts = 5

    let socket: NetlinkSocket
    let namespace: OwnedFileDescriptor?
    /// The namespace's inode.
    let namespaceID: UInt64
    let pool: BlockingPool

    /// - Parameter namespace: the network namespace to work in, the calling thread's when `nil`.
    package init(namespace: OwnedFileDescriptor? = nil, pool: BlockingPool = .shared) throws {
        self.namespace = namespace
        namespaceID = try (namespace.map { try FileStatus(of: $0) } ?? FileStatus(of: "/proc/thread-self/ns/net", follow: true)).inode
        self.pool = pool
        // Errors come one per message: room for the first few thousand of a transaction that fails all over.
        socket = try Self.open(namespace, receiveBuffer: 4 << 20)
    }

    static func open(_ namespace: OwnedFileDescriptor?, receiveBuffer: Int) throws -> NetlinkSocket {
        guard let namespace else { return try NetlinkSocket(.netfilter, receiveBuffer: receiveBuffer) }
        return try namespace.withRawValue { try NetlinkSocket(.netfilter, namespace: $0, receiveBuffer: receiveBuffer) }
    }

    package func read(_ table: TableID, wanted: Table) async throws -> Observation {
        try await pool.run("nf_tables dump") { [socket] in
            do {
                for _ in 0..<Self.readAttempts {
                    let before = try Self.generation(socket)
                    let found = try TableReader(socket: socket, id: table, wanted: wanted).read()
                    if try Self.generation(socket) == before { return Observation(table: found, generation: before) }
                }
            } catch let error as NetlinkError where error.code == .interrupted {
                throw NftablesError(code: .stale, errno: EAGAIN, detail: "table \(table) kept changing while it was read")
            } catch let error as NetlinkError {
                throw NftablesError(code: .unavailable, errno: error.errno, detail: "reading table \(table): \(error)")
            }
            throw NftablesError(code: .stale, errno: EAGAIN, detail: "table \(table) kept changing while it was read")
        }
    }

    package func apply(_ transaction: Transaction, ifGeneration generation: UInt32?) async throws {
        if transaction.isEmpty { return }
        try await pool.run("nf_tables transaction") { [socket, namespaceID] in
            guard transaction.elementCount >= ChangeListeners.leastElements else { return try Self.commit(transaction, generation, socket) }
            try ChangeListeners.shared.pause(in: namespaceID, generation: { try Self.generation(socket) }) {
                try Self.commit(transaction, generation, socket)
            }
        }
    }

    /// The number of the ruleset's current state; every commit of any program makes a new one.
    package func generation() async throws -> UInt32 {
        try await pool.run("nf_tables generation") { [socket] in try Self.generation(socket) }
    }

    package func foreignChanges(to tables: [TableID]) async throws -> AsyncStream<Void> {
        let port = socket.port
        return try await pool.run("nf_tables subscription") { [namespace, namespaceID] in
            // A program that loads a large table should not overrun the buffer at once; an overrun only costs a dump.
            let listener = try Self.open(namespace, receiveBuffer: 2 << 20)
            try listener.ignoreNotifications(causedBy: port)
            return try ForeignChanges.stream(listener, in: namespaceID, tables: tables)
        }
    }

    static func generation(_ socket: NetlinkSocket) throws -> UInt32 {
        let reply = try socket.query(TableReader.request("NFT_MSG_GETGEN", NFT_MSG_GETGEN, family: nil))
        guard let generation = reply.attributes(after: nfgenmsg.self)[NFTA_GEN_ID.rawValue]?.bigEndian32 else {
            throw NetlinkError(code: .malformed, operation: "NFT_MSG_GETGEN")
        }
        return generation
    }

    static func commit(_ transaction: Transaction, _ generation: UInt32?, _ socket: NetlinkSocket) throws {
        let (bytes, owners) = try TransactionEncoder.encode(transaction, ifGeneration: generation)
        let answers: [NetlinkSocket.BatchAnswer]
        let lost: Bool
        do throws(NetlinkError) {
            (answers, lost) = try socket.batch(bytes, operation: "nf_tables transaction")
        } catch {
            throw NftablesError(code: .unavailable, errno: error.errno, detail: error.description)
        }
        // Everything of the transaction fails together; the first refused operation is the cause, what follows it may be
        // a consequence.
        let refusals = answers.filter { $0.acknowledgement.errno != 0 }
        if let first = refusals.min(by: { $0.sequence < $1.sequence }) { throw error(first, transaction, owners) }
        if lost || !answers.contains(where: { $0.acknowledgement.errno == 0 }) {
            throw NftablesError(code: .unavailable, errno: ENOBUFS, detail: "the kernel's answers to a transaction were lost")
        }
    }

    private static func error(_ answer: NetlinkSocket.BatchAnswer, _ transaction: Transaction, _ owners: [Int]) -> NftablesError {
        let errno = answer.acknowledgement.errno
        var detail = SystemError.text(of: errno)
        if let text = answer.acknowledgement.text { detail += ": \(text)" }
        if errno == ERESTART { return NftablesError(code: .stale, errno: errno, detail: "the ruleset was changed since it was read") }
        let place = Int(answer.sequence) - Int(BatchBuffer.firstSequence)
        guard owners.indices.contains(place) else {
            return NftablesError(code: .refused, errno: errno, detail: "the transaction was refused: \(detail)")
        }
        let index = owners[place]
        return NftablesError(code: .refused, operation: transaction.operations[index], index: index, errno: errno, detail: detail)
    }
}
