package import KubeModel

/// The objects that have changed, as they are now.
package struct ServiceChanges: Sendable {
    /// `nil` for a Service that is gone.
    package var services: [(key: ObjectKey, service: Packed<Service>?)]
    /// `nil` for a slice that is gone.
    package var slices: [(key: ObjectKey, slice: Packed<EndpointSlice>?)]
    package var configuration: ProxyConfiguration

    package init(
        services: [(key: ObjectKey, service: Packed<Service>?)], slices: [(key: ObjectKey, slice: Packed<EndpointSlice>?)],
        configuration: ProxyConfiguration
    ) {
        self.services = services
        self.slices = slices
        self.configuration = configuration
    }
}
