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
}
