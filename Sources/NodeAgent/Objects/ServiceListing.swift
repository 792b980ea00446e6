package import KubeModel

/// The Services that the node knows, for containers' environments.
package protocol ServiceListing: Sendable {
    /// Those of some namespaces, with what environments show of them; `nil` until the Services were listed once.
    func services(in namespaces: Set<String>) async -> [Service]?
}
