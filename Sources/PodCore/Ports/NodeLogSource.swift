package import KubeModel

/// The node's own logs: the files below its log folder, and its journal.
package protocol NodeLogSource: Sendable {
    /// Opens a file or folder by its path below the log folder; an empty path is the log folder itself. Throws `.notFound`, and
    /// `.notSupported` for a path that leads out of the log folder and for what is neither a file nor a folder.
    func open(_ path: String) async throws(RuntimeFailure) -> NodeLogEntry

    /// Takes a place among the queries of the journal that run at once, and reads nothing yet.
    func openJournal() async throws(JournalFailure) -> any JournalQuery
}

/// One query of the journal. It ends by itself after a while, whether it is read or not, and with its last reference.
package protocol JournalQuery: Sendable {
    /// Returns those of the units that have written to the journal.
    /// - Parameter wanted: full names, such as `swiftlet.service`.
    func units(among wanted: Set<String>) async throws(RuntimeFailure) -> Set<String>

    /// Reads entries as text. The end of the session is the end of the query.
    func entries(_ selection: JournalSelection) async throws(RuntimeFailure) -> any LogSession

    /// Ends what runs, and makes room for another query.
    func close() async
}

/// The reason why the journal cannot be asked, for a person.
package enum JournalFailure: Error, Sendable, Hashable {
    /// The node has none.
    case missing(String)
    /// Too many queries at once.
    case busy(String)
    case failed(String)
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
