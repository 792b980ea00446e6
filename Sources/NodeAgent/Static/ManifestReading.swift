/// The result of reading one file of the folder of static pods.
struct ManifestReading: Sendable, Equatable {
    enum Outcome: Sendable, Equatable {
        /// The content that was seen last.
        case unchanged
        case pod(StaticPod, ManifestHash)
        case bad(String, ManifestHash)
        case unreadable(String)
        case beingWritten
    }

    let name: String
    let outcome: Outcome
}
