/// A user's or group's number as it is written: usable only if the kernel and Kubernetes accept it.
struct AccountNumber {
    /// `nil` for text that is not a number, and for a number out of range.
    let value: UInt32?
    private let text: Substring

    private static let largest: UInt32 = 0x7fff_ffff

    init(_ text: Substring) {
        self.text = text
        guard !text.isEmpty, text.utf8.allSatisfy(ReferenceGrammar.isDigit), let number = UInt32(text), number <= Self.largest else {
            value = nil
            return
        }
        value = number
    }

    /// - Parameters:
    ///   - kind: of the user string's part that is looked up, `user` or `group`.
    ///   - place: where the number is written.
    ///   - subject: of the number, `user` or `group`.
    func checked(_ kind: String, _ user: String, _ place: String, _ subject: String) throws(ImageStoreError) -> UInt32 {
        if let value { return value }
        throw ImageStoreError(
            .unknownUser, "find \(kind)", "\"\(user)\"",
            "the \(place) has the \(subject) number \"\(text.prefix(40))\", wanted a number from 0 to \(Self.largest)")
    }
}
