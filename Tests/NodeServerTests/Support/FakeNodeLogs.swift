import PodCore
import Synchronization

/// Files by path, and a journal with some units or none.
final class FakeNodeLogs: NodeLogSource {
    private let files: [String: String]
    private let units: Set<String>?
    private let follows: Bool
    private let state = Mutex<(selections: [JournalSelection], sessions: [ScriptedLog])>(([], []))

    /// - Parameters:
    ///   - units: `nil` for a node without a journal.
    ///   - follows: the journal's output does not end by itself.
    init(_ files: [String: String] = [:], units: Set<String>? = [], follows: Bool = false) {
        self.files = files
        self.units = units
        self.follows = follows
    }

    var selections: [JournalSelection] { state.withLock { $0.selections } }
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

    func journalUnits() async throws(RuntimeFailure) -> Set<String> {
        guard let units else { throw RuntimeFailure(.notFound, "no journalctl") }
        return units
    }

    func journal(_ selection: JournalSelection) async throws(RuntimeFailure) -> any LogSession {
        let session = ScriptedLog(["entry of \(selection.units.joined(separator: " and "))\n"], follows: follows)
        state.withLock {
            $0.selections.append(selection)
            $0.sessions.append(session)
        }
        return session
    }
}
