package import KubeModel

/// The whole input of the rules at one moment.
package struct ServiceSnapshot: Sendable {
    package var services: [ObjectKey: Packed<Service>]
    package var slices: [ObjectKey: Packed<EndpointSlice>]
    package var configuration: ProxyConfiguration

    package init(services: [ObjectKey: Packed<Service>], slices: [ObjectKey: Packed<EndpointSlice>], configuration: ProxyConfiguration) {
        self.services = services
        self.slices = slices
        self.configuration = configuration
    }
}
