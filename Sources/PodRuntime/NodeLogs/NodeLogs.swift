import Glibc
import LinuxSystem
package import PodCore
import ShimClient

/// The node's log folder, and its journal as `journalctl` prints it.
package struct NodeLogs: NodeLogSource {
    /// How long reading the journal may take.
    package static let patience = Duration.seconds(30)
    private static let mostPrograms = 8
    private static let places = ["/usr/bin/journalctl", "/bin/journalctl", "/usr/local/bin/journalctl"]

    private let folder: NodeLogFolder
    private let programs: [String]
    private let patience: Duration
    private let permits = Permit.Pool(NodeLogs.mostPrograms)
    // A file system that does not answer holds up these calls alone.
    private let pool = BlockingPool(name: "node logs", threads: 4, queueLimit: 64)

    /// - Parameters:
    ///   - path: the log folder.
    ///   - programs: where `journalctl` may be; the first that is there is used.
    package init(path: String = "/var/log", programs: [String]? = nil, patience: Duration = NodeLogs.patience) {
        folder = NodeLogFolder(path: path)
        self.programs = programs ?? Self.places
        self.patience = patience
    }

    package func open(_ path: String) async throws(RuntimeFailure) -> NodeLogEntry {
        try await blocking("open the node's log \(path)") { [folder, pool] in try folder.open(path, pool: pool) }
    }

    package func openJournal() async throws(JournalFailure) -> any JournalQuery {
        do {
            let found = try await blocking("look for journalctl") { [programs] in programs.first { access($0, X_OK) == 0 } }
            guard let found else { throw JournalFailure.missing("this node has no journalctl: wanted \(programs.joined(separator: " or "))") }
            guard let permit = permits.take() else {
                throw JournalFailure.busy("\(Self.mostPrograms) queries of the journal are under way: try again when one of them has ended")
            }
            return JournalReading(executable: found, turn: try JournalTurn(permit, patience: patience), pool: pool)
        } catch let failure as JournalFailure {
            throw failure
        } catch {
            throw .failed("\(error)")
        }
    }

    private func blocking<Value: Sendable>(
        _ operation: String, _ body: @escaping @Sendable () throws -> Value
    ) async throws(RuntimeFailure) -> Value {
        do {
            return try await pool.run(operation, deadline: NodeLogs.patience, body)
        } catch {
            throw RuntimeFailure(translating: error, during: operation, .internal)
        }
    }
}
