package import Addresses

/// One place at which a Service port answers.
package struct ServiceFrontend: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable {
        case clusterIP = "ClusterIP"
        case nodePort = "NodePort"
        case externalIP = "ExternalIP"
        case loadBalancer = "LoadBalancer"
    }

    package let kind: Kind
    /// Unspecified for a NodePort, which answers at the node's addresses.
    package let frontend: Frontend

    package init(_ kind: Kind, _ frontend: Frontend) {
        self.kind = kind
        self.frontend = frontend
    }

    /// Its traffic follows the external traffic policy.
    package var isExternal: Bool { kind != .clusterIP }
}
