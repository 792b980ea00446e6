/// Records on the node's disk that outlive a reboot, each written as a whole or not at all. `NodeStore` conforms.
package protocol RecordStore: Sendable {
    /// Returns the readable records of a kind. A record that cannot be read is reported by the store and left out.
    func records(of kind: RecordName.Kind) async -> [RecordName: [UInt8]]

    /// Returns the names of the readable records of a kind.
    func names(of kind: RecordName.Kind) async -> Set<RecordName>

    /// Returns `nil` for a record that does not exist or cannot be read.
    func record(_ name: RecordName) async -> [UInt8]?

    /// Writes records, and removes those whose content is `nil`. A record that has this content already is not written.
    /// - Returns: the changes that failed. Every other change has survived a power cut from now on.
    func apply(_ changes: [RecordName: [UInt8]?]) async -> [RecordFailure]
}

/// Why a record could not be written or removed.
package struct RecordFailure: Error, Sendable, Hashable {
    package let name: RecordName
    /// The same text for all records that fail for one reason, e.g. `No space left on device (ENOSPC)`.
    package let reason: String
    /// The failed call and its file.
    package let detail: String

    package init(_ name: RecordName, reason: String, detail: String) {
        self.name = name
        self.reason = reason
        self.detail = detail
    }
}
