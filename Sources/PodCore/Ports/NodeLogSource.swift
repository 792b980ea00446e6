package import KubeModel

/// The node's own logs: the files below its log folder, and its journal.
package protocol NodeLogSource: Sendable {
    /// Opens a file or folder by its path below the log folder; an empty path is the log folder itself. Throws `.notFound`, and
    /// `.notSupported` for a path that leads out of the log folder and for what is neither a file nor a folder.
    func open(_ path: String) async throws(RuntimeFailure) -> NodeLogEntry

    /// Returns the names of the units that have written to the journal. Throws where there is no journal.
    func journalUnits() async throws(RuntimeFailure) -> Set<String>

    /// Reads entries of the journal as text. The session ends by itself after a while.
    func journal(_ selection: JournalSelection) async throws(RuntimeFailure) -> any LogSession
}

/// The object under a path of the log folder.
package enum NodeLogEntry: Sendable {
    /// - Parameter omitted: how many more entries there are than a listing shows.
    case folder([Name], omitted: Int)
    /// A file up to its present size, and its first bytes, which show its kind.
    case file(any LogSession, beginning: [UInt8])

    package struct Name: Sendable, Hashable {
        package let text: String
        package let isFolder: Bool

        package init(_ text: String, isFolder: Bool) {
            self.text = text
            self.isFolder = isFolder
        }
    }
}

/// The entries of the journal to read.
package struct JournalSelection: Sendable, Hashable {
    /// Full names, such as `swiftlet.service`.
    package let units: [String]
    /// Only entries of this time or later.
    package var since: Timestamp?
    /// Only entries of this time or before.
    package var until: Timestamp?
    /// Only the last lines; `nil` for all.
    package var tailLines: Int?
    /// 0 is this boot, -1 the one before; `nil` for all.
    package var boot: Int?
    /// A PCRE2 expression for the entries' messages; empty for all.
    package var pattern = ""

    package init(units: [String]) { self.units = units }
}
