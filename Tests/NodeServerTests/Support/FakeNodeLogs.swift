import PodCore
import Synchronization

/// Files by path, and a journal with some units or none.
final class FakeNodeLogs: NodeLogSource {
    private let files: [String: String]
    private let units: Set<String>?
    private let follows: Bool
    private let refusal: JournalFailure?
    private let unitsFailure: RuntimeFailure?
    /// The list of units, which ends only with the query.
    private let hangingList: ScriptedLog?
    private let state = Mutex<(selections: [JournalSelection], sessions: [ScriptedLog], closings: Int)>(([], [], 0))

    /// - Parameters:
    ///   - units: `nil` for a node without a journal.
    ///   - follows: the journal's output does not end by itself.
    ///   - refusal: of every query of the journal.
    ///   - unitsFailure: of the list of units.
    ///   - hangs: the list of units does not end by itself.
    init(
        _ files: [String: String] = [:], units: Set<String>? = [], follows: Bool = false, refusal: JournalFailure? = nil,
        unitsFailure: RuntimeFailure? = nil, hangs: Bool = false
    ) {
        self.files = files
        self.units = units
        self.follows = follows
        self.refusal = refusal
        self.unitsFailure = unitsFailure
        hangingList = hangs ? ScriptedLog([], follows: true) : nil
    }

    var selections: [JournalSelection] { state.withLock { $0.selections } }
    /// How often a query of the journal was closed.
    var closings: Int { state.withLock { $0.closings } }
    var sessions: [ScriptedLog] { state.withLock { $0.sessions } }

    func open(_ path: String) async throws(RuntimeFailure) -> NodeLogEntry {
        if path.hasPrefix("..") { throw RuntimeFailure(.notSupported, "the path leads out of the log folder") }
        if let text = files[path] { return .file(ScriptedLog([text], follows: false), beginning: Array(text.utf8.prefix(512))) }
        let folder = path.isEmpty ? "" : path + "/"
        var names: Set<NodeLogEntry.Name> = []
        for file in files.keys where file.hasPrefix(folder) {
            let rest = file.dropFirst(folder.count).split(separator: "/")
            if let first = rest.first { names.insert(NodeLogEntry.Name(String(first), isFolder: rest.count > 1)) }
        }
        if names.isEmpty, !path.isEmpty { throw RuntimeFailure(.notFound, "no such file") }
        return .folder(names.sorted { $0.text < $1.text }, omitted: 0)
    }

    func openJournal() async throws(JournalFailure) -> any JournalQuery {
        if let refusal { throw refusal }
        guard units != nil else { throw .missing("no journalctl") }
        return Query(logs: self)
    }

    private struct Query: JournalQuery {
        let logs: FakeNodeLogs

        func units(among wanted: Set<String>) async throws(RuntimeFailure) -> Set<String> {
            _ = try await logs.hangingList?.read()
            if let failure = logs.unitsFailure { throw failure }
            return wanted.intersection(logs.units ?? [])
        }

        func entries(_ selection: JournalSelection) async throws(RuntimeFailure) -> any LogSession {
            let session = ScriptedLog(["entry of \(selection.units.joined(separator: " and "))\n"], follows: logs.follows)
            logs.state.withLock {
                $0.selections.append(selection)
                $0.sessions.append(session)
            }
            return session
        }

        func close() async {
            logs.state.withLock { $0.closings += 1 }
            await logs.hangingList?.close()
        }
    }
}
