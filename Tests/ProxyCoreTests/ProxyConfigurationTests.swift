import Addresses
import ProxyCore
import Testing

@Suite struct ProxyConfigurationTests {
    @Test(
        "NodePorts are served at the node's addresses, or at all of its addresses in ranges",
        arguments: [
            ([], ["192.168.0.7", "fd00::7"]), (["primary"], ["192.168.0.7", "fd00::7"]),
            (["192.168.0.0/16", "fd01::/16"], ["192.168.0.7", "192.168.0.8"]), (["10.0.0.0/8", "fd00::/8"], ["fd00::7", "fd00::8"]),
            // A family without a range is served everywhere.
            (["10.0.0.0/8"], ["fd00::7", "fd00::8"]), (["192.168.0.9/24"], ["192.168.0.7", "192.168.0.8", "fd00::7", "fd00::8"]),
        ] as [([String], [String])])
    func nodePortAddresses(field: [String], served: [String]) {
        let own = ["192.168.0.7", "fd00::7"].compactMap { IPAddress($0) }
        let all = ["192.168.0.7", "192.168.0.8", "fd00::7", "fd00::8"].compactMap { IPAddress($0) }
        let addresses = NodePortAddresses(field: field, nodeAddresses: own)
        #expect(all.filter(addresses.contains).map(\.description) == served)
    }

    @Test("a configuration is read from the Node's texts and KubeProxyConfiguration's fields") func fromTexts() {
        let configuration = ProxyConfiguration(
            nodeName: "here", nodeAddresses: ["192.168.0.7", "here.example", "fd00::7"], podCIDRs: ["10.244.1.0/24", "fd44::/64"],
            nodePortAddresses: ["192.168.0.0/16", "fd00::/8"], clusterCIDR: "10.244.0.0/16, fd44::/48", masqueradesAll: true, zone: "east",
            serviceCIDRs: ["10.96.0.0/16"], localTraffic: .bridge("cni0"))
        #expect(configuration.nodePorts == .within([CIDR("192.168.0.0/16")!, CIDR("fd00::/8")!]))
        #expect(configuration.nodeAddresses.map(\.description) == ["192.168.0.7", "fd00::7"])
        #expect(configuration.localTraffic == .bridge("cni0"))
        #expect(configuration.zone == "east" && configuration.serviceCIDRs.map(\.description) == ["10.96.0.0/16"])
        #expect(configuration.podCIDRs.map(\.description) == ["10.244.1.0/24", "fd44::/64"])
        #expect(configuration.clusterCIDRs.map(\.description) == ["10.244.0.0/16", "fd44::/48"])
        #expect(configuration.masqueradesPodEgress && configuration.masqueradesAll && configuration.nodeName == "here")
        let bare = ProxyConfiguration(
            nodeName: "here", nodeAddresses: [], podCIDRs: ["10.244.1.0/24"], nodePortAddresses: [], clusterCIDR: "", masqueradesAll: false)
        #expect(bare.nodePorts == .at([]) && bare.clusterCIDRs.isEmpty && bare.localTraffic == .clusterRanges)
    }
}
