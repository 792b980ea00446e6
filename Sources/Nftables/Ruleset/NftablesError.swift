/// The cause of a failed read or change of a ruleset. Switch on `code`, never on the text.
package struct NftablesError: Error, Sendable {
    /// Grows; treat an unknown code like `.refused`.
    package struct Code: Sendable, Hashable, CustomStringConvertible {
        package let description: String

        /// The kernel refused an operation; nothing of the transaction was done.
        package static let refused = Code(description: "refused")
        /// The ruleset was changed since it was read; nothing was done. Read again.
        package static let stale = Code(description: "stale")
        /// A value that cannot be written: a name that is too long, a foreign rule.
        package static let unencodable = Code(description: "unencodable")
        /// The kernel could not be asked.
        package static let unavailable = Code(description: "unavailable")
    }

    package let code: Code
    /// The operation that was refused, `nil` when it was the transaction as a whole.
    package let operation: Operation?
    /// Its place in the transaction.
    package let index: Int?
    package let errno: Int32?
    /// The cause as text for logs.
    package let detail: String

    package init(code: Code, operation: Operation? = nil, index: Int? = nil, errno: Int32? = nil, detail: String) {
        self.code = code
        self.operation = operation
        self.index = index
        self.errno = errno
        self.detail = detail
    }

    package var isStale: Bool { code == .stale }
}

extension NftablesError: CustomStringConvertible {
    /// `add chain pick-2 to ip swiftlet: No such file or directory (ENOENT)`
    package var description: String {
        guard let operation else { return detail }
        return "\(operation): \(detail)"
    }
}
