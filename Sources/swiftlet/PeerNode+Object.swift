import KubeModel
import NodeAgent
import PodNetwork

extension PeerNode {
    init(_ node: ClusterNode) { self.init(name: node.name, ranges: node.podRanges, internalIPs: node.internalIPs) }
}
