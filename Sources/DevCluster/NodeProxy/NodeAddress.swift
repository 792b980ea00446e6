import KubeModel

/// Where a node's own HTTPS endpoint is.
struct NodeAddress: Sendable {
    let name: String
    let host: String
    let port: Int
    /// The node speaks WebSocket for exec, attach and port-forward itself.
    let takesWebSockets: Bool

    /// From the node's status: InternalIP, else Hostname, and the port of the kubelet endpoint.
    init(_ node: JSONValue) throws {
        let addresses = node["status"]?.list("addresses") ?? []
        let address = ["InternalIP", "Hostname"].compactMap { type in addresses.first { $0.text("type") == type }?.text("address") }.first
        guard let address, !address.isEmpty else { throw APIError.badGateway("node \(node.name) has no InternalIP or Hostname in status.addresses") }
        name = node.name
        host = address
        port = Int(node["status", "daemonEndpoints", "kubeletEndpoint", "Port"]?.integer ?? 10250)
        takesWebSockets = node["status"]?.list("declaredFeatures").contains("ExtendWebSocketsToKubelet") ?? false
    }

    var urlHost: String { host.contains(":") ? "[\(host)]" : host }
}
