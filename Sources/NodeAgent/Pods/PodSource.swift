/// Where the pods of a node come from.
enum PodSource: Sendable {
    case api
    /// The folder of static pods.
    case manifests
}
