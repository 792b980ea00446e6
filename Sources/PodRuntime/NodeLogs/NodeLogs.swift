import Glibc
import KubeModel
import LinuxSystem
package import PodCore
import ShimClient

/// The node's log folder, and its journal as `journalctl` prints it.
package struct NodeLogs: NodeLogSource {
    /// How long reading the journal may take.
    package static let patience = Duration.seconds(30)
    private static let mostPrograms = 8
    private static let places = ["/usr/bin/journalctl", "/bin/journalctl", "/usr/local/bin/journalctl"]
    private static let environment = ["PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "SYSTEMD_COLORS=0"]

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

    package func journalUnits() async throws(RuntimeFailure) -> Set<String> {
        let program = try await program()
        let permit = try permit()
        defer { withExtendedLifetime(permit) {} }
        do {
            let list = ProgramExchange(
                executable: program, arguments: ["--field", "_SYSTEMD_UNIT"], environment: Self.environment, timeout: patience)
            let bytes = try await list.answer(to: [], pool: pool)
            return Set(bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) })
        } catch {
            throw RuntimeFailure(translating: error, during: "list the journal's units", .internal)
        }
    }

    package func journal(_ selection: JournalSelection) async throws(RuntimeFailure) -> any LogSession {
        let program = try await program()
        let permit = try permit()
        return try await blocking("start \(program)") { [patience] in
            try JournalProgram(
                program, Self.arguments(selection), environment: Self.environment, patience: patience, permit: permit)
        }
    }

    /// Times as seconds since 1970, which no time zone changes. Every value is joined to its option, so that none can be read as another option.
    static func arguments(_ selection: JournalSelection) -> [String] {
        var arguments = ["--utc", "--no-pager", "--output=short-precise"]
        if let since = selection.since { arguments.append("--since=@\(since.seconds)") }
        if let until = selection.until { arguments.append("--until=@\(until.seconds)") }
        if let lines = selection.tailLines { arguments += ["--pager-end", "--lines=\(lines)"] }
        arguments += selection.units.map { "--unit=\($0)" }
        if !selection.pattern.isEmpty { arguments.append("--grep=\(selection.pattern)") }
        if let boot = selection.boot { arguments.append("--boot=\(boot)") }
        return arguments
    }

    private func program() async throws(RuntimeFailure) -> String {
        let found = try await blocking("look for journalctl") { [programs] in programs.first { access($0, X_OK) == 0 } }
        guard let found else { throw RuntimeFailure(.notFound, "this node has no journalctl: wanted \(programs.joined(separator: " or "))") }
        return found
    }

    private func permit() throws(RuntimeFailure) -> Permit {
        guard let permit = permits.take() else {
            throw RuntimeFailure(.internal, "\(Self.mostPrograms) queries of the journal are under way: try again when one of them has ended")
        }
        return permit
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
