package import KubeModel

/// All that the rules follow from, at one moment.
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
