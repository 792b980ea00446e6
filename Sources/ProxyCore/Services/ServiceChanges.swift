package import KubeModel

/// The objects that have changed, as they are now.
package struct ServiceChanges: Sendable {
    /// `nil` for a Service that is gone.
    package var services: [(key: ObjectKey, service: Service?)]
    /// `nil` for a slice that is gone.
    package var slices: [(namespace: String, name: String, slice: EndpointSlice?)]
    package var configuration: ProxyConfiguration

    package init(
        services: [(key: ObjectKey, service: Service?)], slices: [(namespace: String, name: String, slice: EndpointSlice?)],
        configuration: ProxyConfiguration
    ) {
        self.services = services
        self.slices = slices
        self.configuration = configuration
    }
}
