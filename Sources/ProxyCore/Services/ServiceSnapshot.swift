package import KubeModel

/// The whole input of the rules at one moment.
package struct ServiceSnapshot: Sendable {
    package var services: [Service]
    package var slices: [EndpointSlice]
    package var configuration: ProxyConfiguration

    package init(services: [Service], slices: [EndpointSlice], configuration: ProxyConfiguration) {
        self.services = services
        self.slices = slices
        self.configuration = configuration
    }
}
