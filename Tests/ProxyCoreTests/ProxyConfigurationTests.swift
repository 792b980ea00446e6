import Addresses
import ProxyCore
import Testing

@Suite struct ProxyConfigurationTests {
    @Test(
        "NodePorts are served at the node's addresses in the configured ranges",
        arguments: [
            ([], ["192.168.0.7", "fd00::7"]), (["primary"], ["192.168.0.7", "fd00::7"]), (["192.168.0.0/16"], ["192.168.0.7"]),
            (["10.0.0.0/8", "fd00::/8"], ["fd00::7"]), (["10.0.0.0/8"], []), (["0.0.0.0/0", "::/0"], ["192.168.0.7", "fd00::7"]),
            (["192.168.0.9/24"], ["192.168.0.7"]),
        ] as [([String], [String])])
    func nodePortAddresses(field: [String], served: [String]) {
        let addresses = ["192.168.0.7", "fd00::7"].compactMap { IPAddress($0) }
        #expect(NodePortAddresses(field: field).among(addresses).map(\.description) == served)
    }

    @Test("a configuration is read from the Node's texts and KubeProxyConfiguration's fields") func fromTexts() {
        let configuration = ProxyConfiguration(
            nodeName: "here", nodeAddresses: ["192.168.0.7", "here.example", "fd00::7"], podCIDRs: ["10.244.1.0/24", "fd44::/64"],
            nodePortAddresses: ["192.168.0.0/16"], clusterCIDR: "10.244.0.0/16, fd44::/48", masqueradesAll: true)
        #expect(configuration.nodePortAddresses.map(\.description) == ["192.168.0.7"])
        #expect(configuration.podCIDRs.map(\.description) == ["10.244.1.0/24", "fd44::/64"])
        #expect(configuration.clusterCIDRs.map(\.description) == ["10.244.0.0/16", "fd44::/48"])
        #expect(configuration.masqueradesPodEgress && configuration.masqueradesAll && configuration.nodeName == "here")
        let bare = ProxyConfiguration(
            nodeName: "here", nodeAddresses: [], podCIDRs: ["10.244.1.0/24"], nodePortAddresses: [], clusterCIDR: "", masqueradesAll: false)
        #expect(bare.nodePortAddresses.isEmpty && bare.clusterCIDRs.isEmpty)
    }
}
