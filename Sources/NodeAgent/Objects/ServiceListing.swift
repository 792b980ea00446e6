package import KubeModel

/// The Services that the node knows, for service links.
package protocol ServiceListing: Sendable {
    /// `nil` until the Services were listed once.
    func services() async -> [Service]?
}
