/// Why a file is not a record that this program can read. Such a file is put aside, apart from one of a newer version.
package enum RecordDamage: Error, Sendable, Hashable, CustomStringConvertible {
    /// The file does not begin like a record, or its header is not complete.
    case noHeader
    /// No version of this program up to this one has written the file.
    case version(found: String)
    /// A newer version of this program has written the file, which is whole for that version.
    case newer(found: Int)
    case length(found: Int, wanted: Int)
    case checksum
    /// The record is another one than the file's name says.
    case misplaced(found: String, wanted: String)

    package var description: String {
        switch self {
        case .noHeader: "found no complete header, wanted one that begins with \"\(RecordFile.magic) \(RecordFile.version)\""
        case .version(let found): "found version \(found), wanted \(RecordFile.version)"
        case .newer(let found): "found version \(found), wanted at most \(RecordFile.version)"
        case .length(let found, let wanted): "found \(found) bytes of content, wanted \(wanted)"
        case .checksum: "the content does not have the checksum of the header"
        case .misplaced(let found, let wanted): "found the record \(found), wanted \(wanted)"
        }
    }
}
