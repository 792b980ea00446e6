import Addresses
import Nftables

/// The ways of finding a Service by a packet's destination, each with sets and maps of its own.
enum FrontendMaps: Hashable, CaseIterable {
    /// ClusterIPs, external IPs and addresses of load balancers.
    case addressed
    case nodePorts

    /// Leads to the chain that picks an endpoint.
    var frontends: String { self == .addressed ? "service-frontends" : "nodeport-frontends" }
    /// By slot and frontend.
    var endpoints: String { self == .addressed ? "service-endpoints" : "nodeport-endpoints" }
    /// Frontends with policy `Local`, for clients of the cluster.
    var shortCircuits: String { self == .addressed ? "short-circuits" : "nodeport-short-circuits" }
    /// Frontends with policy `Local`, for all other clients.
    var localFrontends: String { self == .addressed ? "local-frontends" : "nodeport-local-frontends" }
    /// The endpoints for policy `Local`.
    var localEndpoints: String { self == .addressed ? "local-endpoints" : "nodeport-local-endpoints" }
    /// Frontends that have no endpoint for some or all clients.
    var unserved: String { self == .addressed ? "unserved-frontends" : "unserved-nodeports" }
    /// Frontends whose clients stay with an endpoint.
    var affine: String { self == .addressed ? "affine-frontends" : "affine-nodeports" }
    /// The chain for policy `Local`.
    var localPolicy: String { self == .addressed ? "local-policy" : "nodeport-local-policy" }
    /// In front of the names of the chains that pick.
    var prefix: String { self == .addressed ? "" : "nodeport-" }

    /// The parts of a packet that make the key.
    var key: [Selector] { (self == .addressed ? [.destinationAddress] : []) + [.transportProtocol, .destinationPort] }

    /// The key, for a connection whose destination was translated. Behind a statement about the protocol's own port.
    var originalKey: [Selector] { (self == .addressed ? [.originalDestinationAddress] : []) + [.transportProtocol, .originalDestinationPort] }

    /// The key in comments of sets.
    var keyText: String { self == .addressed ? "address . protocol . port" : "protocol . NodePort" }

    func packed(_ frontend: Frontend) -> PackedBytes {
        var key = PackedBytes()
        if self == .addressed { key.append(field: frontend.address.bytes) }
        key.append(field: [frontend.transport.number])
        key.append(bigEndian: frontend.port)
        return key
    }
}
