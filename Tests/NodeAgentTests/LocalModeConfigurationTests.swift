import Testing

@testable import NodeAgent

/// `detectLocalMode` and `detectLocal` of KubeProxyConfiguration.
@Suite struct LocalModeConfigurationTests {
    private func parse(_ body: String) throws -> AgentConfiguration {
        try ConfigurationLoader.parse([("a.yaml", "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n" + body)])
    }

    @Test(
        "each mode is read, with the name that it wants",
        arguments: [
            ("", .clusterCIDR, "", ""), ("detectLocalMode: \"\"\ndetectLocal: {bridgeInterface: \"\"}", .clusterCIDR, "", ""),
            ("detectLocalMode: ClusterCIDR", .clusterCIDR, "", ""), ("detectLocalMode: NodeCIDR", .nodeCIDR, "", ""),
            ("detectLocalMode: BridgeInterface\ndetectLocal: {bridgeInterface: cni0}", .bridgeInterface, "cni0", ""),
            ("detectLocal: {interfaceNamePrefix: veth}\ndetectLocalMode: InterfaceNamePrefix", .interfaceNamePrefix, "", "veth"),
        ] as [(String, ProxySettings.LocalMode, String, String)])
    func modes(body: String, mode: ProxySettings.LocalMode, bridge: String, prefix: String) throws {
        let found = try parse(body)
        #expect(found.proxy.localMode == mode && found.proxy.bridgeInterface == bridge && found.proxy.interfaceNamePrefix == prefix)
        #expect(found.warnings.isEmpty, "\(found.warnings)")
    }

    @Test(
        "a mode that is none, or without its name, is refused where it stands",
        arguments: [
            ("detectLocalMode: Bridge", "a.yaml:3: detectLocalMode: found 'Bridge', wanted one of: ClusterCIDR, NodeCIDR, BridgeInterface,"),
            (
                "detectLocalMode: BridgeInterface",
                "a.yaml:3: detectLocalMode: found 'BridgeInterface', which wants detectLocal.bridgeInterface as well"
            ),
            (
                "detectLocalMode: InterfaceNamePrefix\ndetectLocal: {bridgeInterface: cni0}",
                "a.yaml:3: detectLocalMode: found 'InterfaceNamePrefix', which wants detectLocal.interfaceNamePrefix as well"
            ),
            (
                "detectLocal: {bridgeInterface: a-name-much-too-long}",
                "detectLocal.bridgeInterface: found 'a-name-much-too-long', wanted at most 15 bytes"
            ),
            ("detectLocal: {bridge: cni0}", "there is no such field"),
        ])
    func refusals(body: String, words: String) throws {
        let error = try #require(throws: ConfigurationError.self) { try parse(body) }
        #expect("\(error)".contains(words), "\(error)")
    }
}
