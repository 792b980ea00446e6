/// Everything that can be configured, with its defaults.
package struct AgentConfiguration: Sendable, Hashable {
    package var kubelet = KubeletSettings()
    package var proxy = ProxySettings()
    package var swiftlet = SwiftletSettings()
    /// Settings from flags, which have no fields in the file.
    package var process = ProcessSettings()
    /// Fields without effect, each named once, for the log at the start.
    package var warnings: [ConfigurationWarning] = []

    package init() {}

    /// The configured ranges of this node's pods; empty for the control plane's.
    package var podCIDRs: [String] {
        let text = swiftlet.network.podCIDR.isEmpty ? kubelet.podCIDR : swiftlet.network.podCIDR
        return text.isEmpty ? [] : AddressRange.list(text)
    }
}
