/// Everything that can be configured, with its defaults.
package struct AgentConfiguration: Sendable, Hashable {
    package var kubelet = KubeletSettings()
    package var proxy = ProxySettings()
    package var swiftlet = SwiftletSettings()
    /// What the flags decide: the file has no fields for them.
    package var process = ProcessSettings()
    /// Fields that have no effect, each named once. To be logged at the start.
    package var warnings: [ConfigurationWarning] = []

    package init() {}

    /// The ranges of this node's pods when the files say so; empty: what the control plane gives the node.
    package var podCIDRs: [String] {
        let text = swiftlet.network.podCIDR.isEmpty ? kubelet.podCIDR : swiftlet.network.podCIDR
        return text.isEmpty ? [] : AddressRange.list(text)
    }
}
