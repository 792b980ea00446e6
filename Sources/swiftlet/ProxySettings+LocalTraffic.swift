import NodeAgent
import ProxyCore

extension ProxySettings {
    var localTraffic: LocalTraffic {
        switch localMode {
        case .clusterCIDR: .clusterRanges
        case .nodeCIDR: .nodeRanges
        case .bridgeInterface: .bridge(bridgeInterface)
        case .interfaceNamePrefix: .interfaces(prefix: interfaceNamePrefix)
        }
    }
}
