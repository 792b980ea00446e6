import KubeModel

/// The manifests of a folder over time: which static pods they ask for, whatever happens to the files.
///
/// A file that cannot be used keeps the pod of its last good content.
struct ManifestSet: Sendable {
    /// A finding for the log. Each is returned once, until it changes.
    enum Finding: Sendable, Equatable {
        case bad(file: String, problem: String)
        case duplicate(used: String, unused: String, pod: String)
        case removed(file: String)
    }

    private struct Entry {
        /// Of the content that was seen last, good or bad.
        var content: ManifestHash?
        var pod: StaticPod?
        var unreadable: String?
        /// Since when the file is missing.
        var missingSince: Duration?
    }

    private struct Pair: Hashable {
        let used: String
        let unused: String
    }

    /// A file that is replaced, by an editor or by `mv` there and back, is missing for a moment. Its pod must not end for that, so that only a
    /// second without the file is its removal.
    static let quiet = Duration.seconds(1)

    private var entries: [String: Entry] = [:]
    private var reportedPairs: Set<Pair> = []
    /// The static pods that the node should run, by the names of their files.
    private(set) var pods: [StaticPod] = []

    /// The hashes of the files' contents as far as they are known.
    var contents: [String: ManifestHash] { entries.compactMapValues(\.content) }

    /// When the next missing file counts as removed.
    var nextRemoval: Duration? { entries.values.compactMap(\.missingSince).min().map { $0 + Self.quiet } }

    /// Takes over one reading of the whole folder.
    mutating func receive(_ readings: [ManifestReading], at now: Duration) -> [Finding] {
        var findings = readings.compactMap { receive($0) }
        let present = Set(readings.map(\.name))
        for (name, entry) in entries where !present.contains(name) {
            guard let since = entry.missingSince else {
                entries[name]?.missingSince = now
                continue
            }
            guard now - since >= Self.quiet else { continue }
            entries[name] = nil
            findings.append(.removed(file: name))
        }
        findings += choose()
        return findings
    }

    private mutating func receive(_ reading: ManifestReading) -> Finding? {
        var entry = entries[reading.name] ?? Entry()
        defer { entries[reading.name] = entry }
        entry.missingSince = nil
        let before = entry.unreadable
        if reading.outcome != .beingWritten { entry.unreadable = nil }
        switch reading.outcome {
        case .unchanged, .beingWritten: return nil
        case .pod(let pod, let content):
            entry.content = content
            // Another comment or another order of fields is the same pod.
            if entry.pod?.isSame(as: pod) != true { entry.pod = pod }
            return nil
        case .bad(let problem, let content):
            entry.content = content
            return .bad(file: reading.name, problem: problem)
        case .unreadable(let problem):
            entry.unreadable = problem
            return before == problem ? nil : .bad(file: reading.name, problem: problem)
        }
    }

    /// Of two files for one pod, the first by name is used: the choice is the same after a restart.
    private mutating func choose() -> [Finding] {
        var findings: [Finding] = []
        var pairs: Set<Pair> = []
        var chosen: [(name: String, pod: StaticPod)] = []
        for (name, entry) in entries.sorted(by: { $0.key < $1.key }) {
            guard let pod = entry.pod else { continue }
            guard let other = chosen.first(where: { $0.pod.pod.uid == pod.pod.uid || $0.pod.pod.key == pod.pod.key }) else {
                chosen.append((name, pod))
                continue
            }
            // A file that was just renamed is no second one.
            if entry.missingSince != nil || entries[other.name]?.missingSince != nil { continue }
            let pair = Pair(used: other.name, unused: name)
            pairs.insert(pair)
            if !reportedPairs.contains(pair) { findings.append(.duplicate(used: other.name, unused: name, pod: "\(pod.pod.key)")) }
        }
        reportedPairs = pairs
        pods = chosen.map(\.pod)
        return findings
    }
}
