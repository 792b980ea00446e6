/// Where a certificate, key or token comes from. Its description never shows content.
package enum CredentialSource: Sendable, Hashable, CustomStringConvertible {
    /// Written into the kubeconfig; `origin` names the field for messages.
    case inline([UInt8], origin: String)
    /// A file that may be replaced while the client runs.
    case file(String)

    package var description: String {
        switch self {
        case .inline(_, let origin): origin
        case .file(let path): path
        }
    }

    var path: String? { if case .file(let path) = self { path } else { nil } }

    /// The PEM text as it is now.
    func text() async throws -> String {
        switch self {
        case .inline(let bytes, _): String(decoding: bytes, as: UTF8.self)
        case .file(let path): String(decoding: try await CredentialFiles.read(path, operation: "read certificate"), as: UTF8.self)
        }
    }
}
