/// The content of a file in a volume, in the form in which its object has it: pods that show the same object share its storage, and none has a copy.
package enum FileContent: Sendable, Hashable {
    case text(String)
    /// As in a Secret's `data`; decoded while the file is written. Text that is not base64 is an empty file.
    case base64(String)
}
