import KubeModel
import LinuxSystem
import PodCore
import ShimClient

/// A query of the journal by `journalctl`: one program for the list of units, then one for the entries.
struct JournalReading: JournalQuery {
    private static let environment = ["PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "SYSTEMD_COLORS=0"]

    let executable: String
    let turn: JournalTurn
    let pool: BlockingPool

    /// Line by line: a node may have had very many units.
    func units(among wanted: Set<String>) async throws(RuntimeFailure) -> Set<String> {
        let program = try await start(["--field", "_SYSTEMD_UNIT"])
        var search = LineSearch(wanted)
        while let bytes = try await program.next() {
            search.add(bytes)
            if search.hasAll { return search.found }
        }
        try await program.checkEnd(search.rest)
        search.finish()
        return search.found
    }

    func entries(_ selection: JournalSelection) async throws(RuntimeFailure) -> any LogSession {
        try await start(Self.arguments(selection))
    }

    func close() async { turn.end(.ended) }

    private func start(_ arguments: [String]) async throws(RuntimeFailure) -> JournalProgram {
        do {
            return try await pool.run("start \(executable)", deadline: turn.patience) { [executable, turn] in
                try JournalProgram(executable, arguments, environment: Self.environment, turn: turn)
            }
        } catch {
            throw RuntimeFailure(translating: error, during: "start \(executable)", .internal)
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
}
