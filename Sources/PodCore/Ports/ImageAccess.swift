/// The knowledge about the pods that may use an image of this node under one name, without its registry being asked again.
package enum ImageAccess: Sendable, Hashable {
    /// No pull has brought the image: it was imported.
    case unrecorded
    /// The registry gave it without credentials, or for the node's own: every pod may use it.
    case open
    /// Credentials of pods brought it, or no pull did under this name.
    case restricted
}
