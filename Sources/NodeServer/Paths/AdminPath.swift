package import KubeModel

/// The meaning of a path of the operators' socket.
package enum AdminPath: Sendable, Hashable {
    case summary
    case pods
    case health
    case logs(EndpointPath.PodAddress)
    case exec(EndpointPath.PodAddress)
    case proxyServices
    case proxyService(ObjectKey)
    case proxyRules
    case images
    case network
    case networkCheck
    case nodePage(NodePagePath)
    case other

    package init(_ segments: [String]) {
        if let page = NodePagePath(segments) {
            self = .nodePage(page)
            return
        }
        guard segments.first == "v1", segments.allSatisfy({ !$0.isEmpty }) else {
            self = .other
            return
        }
        let rest = Array(segments.dropFirst())
        switch (rest.first, rest.count) {
        case ("summary", 1): self = .summary
        case ("pods", 1): self = .pods
        case ("health", 1): self = .health
        case ("logs", 4): self = .logs(.init(namespace: rest[1], pod: rest[2], container: rest[3]))
        case ("exec", 4): self = .exec(.init(namespace: rest[1], pod: rest[2], container: rest[3]))
        case ("proxy", 2) where rest[1] == "services": self = .proxyServices
        case ("proxy", 2) where rest[1] == "rules": self = .proxyRules
        case ("proxy", 4) where rest[1] == "services": self = .proxyService(ObjectKey(namespace: rest[2], name: rest[3]))
        case ("images", 1): self = .images
        case ("network", 1): self = .network
        case ("network", 2) where rest[1] == "check": self = .networkCheck
        default: self = .other
        }
    }

    package var segments: [String] {
        switch self {
        case .summary: ["v1", "summary"]
        case .pods: ["v1", "pods"]
        case .health: ["v1", "health"]
        case .logs(let address): ["v1", "logs", address.namespace, address.pod, address.container]
        case .exec(let address): ["v1", "exec", address.namespace, address.pod, address.container]
        case .proxyServices: ["v1", "proxy", "services"]
        case .proxyService(let key): ["v1", "proxy", "services", key.namespace, key.name]
        case .proxyRules: ["v1", "proxy", "rules"]
        case .images: ["v1", "images"]
        case .network: ["v1", "network"]
        case .networkCheck: ["v1", "network", "check"]
        case .nodePage(let page): page.segments
        case .other: []
        }
    }
}
