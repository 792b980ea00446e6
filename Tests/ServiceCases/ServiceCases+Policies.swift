import KubeModel
import ProxyCore

/// Traffic policies, masquerading, session affinity, health checks.
extension ServiceCase {
    static let policies: [ServiceCase] = external + `internal` + masquerading + detection + affinity + health

    private static func local(_ change: (inout Service) -> Void = { _ in }) -> Service {
        web {
            $0.spec?.externalTrafficPolicy = "Local"
            change(&$0)
        }
    }

    private static func inner(_ change: (inout Service) -> Void = { _ in }) -> Service {
        web {
            $0.spec?.internalTrafficPolicy = "Local"
            change(&$0)
        }
    }

    private static let external: [ServiceCase] = [
        .init(
            "external policy Local: outside reaches this node's endpoint with its own address, the cluster reaches all", local(), [h(2), t(3)],
            """
            outside host to nodePort external balancer: h2
            pod far to nodePort external balancer: h2 t3
            node to nodePort external balancer: h2* t3*
            pod far to clusterIP: h2 t3
            outside to clusterIP: h2* t3*
            """),
        .init("external policy Local: all endpoints of this node", local(), [h(2), h(3), t(3)], "outside to nodePort external balancer: h2 h3"),
        .init(
            "external policy Local without an endpoint here: outside is dropped, the cluster is served", local(), [t(3)],
            """
            outside host to nodePort external balancer: dropped
            pod far to nodePort external balancer: t3
            node to nodePort external balancer: t3*
            """),
        .init(
            "external policy Local without any endpoint: refused", local(), [], "pod outside node to clusterIP nodePort external balancer: refused"),
        .init(
            "external policy Local, this node's endpoint starts: dropped", local(), [h(2, .starting), t(3)],
            "outside to nodePort: dropped\npod to nodePort: t3"),
        .init("external policy Local, all endpoints start: refused", local(), [h(2, .starting)], "pod outside to nodePort external: refused"),
        .init(
            "external policy Local: this node's leaving endpoint serves outside while the cluster uses a ready one elsewhere", local(),
            [h(2, .leaving), t(3)],
            "outside to nodePort: h2\npod to nodePort clusterIP: t3"),
        .init(
            "external policy Local: this node's ready endpoint comes before its leaving one", local(), [h(2, .leaving), h(3), t(3)],
            "outside to nodePort: h3\npod to nodePort: h3 t3"),
        .init(
            "external policy Local, only a leaving endpoint elsewhere: dropped", local(), [t(3, .leaving)],
            "outside to nodePort: dropped\npod to nodePort: t3"),
        .init("external policy Local does not bind the ClusterIP", local(), [t(3)], "pod to clusterIP: t3\nnode to clusterIP: t3*"),
        .init(
            "external policy Local counts for external addresses of a Service without NodePort",
            plain {
                $0.spec?.externalIPs = ["198.51.100.7"]
                $0.spec?.externalTrafficPolicy = "Local"
            }, [h(2), t(3)], "outside to external: h2\npod to external: h2 t3"),
        .init("a policy that is not known means Cluster", web { $0.spec?.externalTrafficPolicy = "Nearby" }, [t(3)], "outside to nodePort: t3*"),
        .init(
            "policy Cluster: another node that forwards to this one is masqueraded", web(), [h(2), t(3)],
            "host to nodePort external balancer clusterIP: h2* t3*"),
    ]

    private static let `internal`: [ServiceCase] = [
        .init(
            "internal policy Local: the ClusterIP leads to this node's endpoints only", inner(), [h(2), t(3)],
            "pod to clusterIP: h2\noutside node to clusterIP: h2*\noutside to nodePort external balancer: h2* t3*"),
        .init(
            "internal policy Local without an endpoint here: the ClusterIP is dropped, the rest is served", inner(), [t(3)],
            "pod node outside to clusterIP: dropped\noutside to nodePort external balancer: t3*"),
        .init("internal policy Local without any endpoint: refused", inner(), [], "pod node to clusterIP nodePort: refused"),
        .init(
            "internal policy Local: a leaving endpoint here serves when none here is ready", inner(), [h(2, .leaving), t(3)],
            "pod to clusterIP: h2\noutside to nodePort: t3*"),
        .init("internal policy Local: a ready endpoint here comes before a leaving one", inner(), [h(2, .leaving), h(3)], "pod to clusterIP: h3"),
        .init("internal policy Local: an endpoint here that starts is not used", inner(), [h(2, .starting), t(3)], "pod to clusterIP: dropped"),
        .init(
            "internal policy Local of a Service with a ClusterIP only", plain { $0.spec?.internalTrafficPolicy = "Local" }, [h(2), t(3)],
            "pod to clusterIP: h2"),
        .init(
            "both policies Local", inner { $0.spec?.externalTrafficPolicy = "Local" }, [h(2), t(3)],
            "pod to clusterIP: h2\noutside to nodePort external balancer: h2\npod to nodePort external balancer: h2 t3"),
        .init(
            "both policies Local without an endpoint here", inner { $0.spec?.externalTrafficPolicy = "Local" }, [t(3)],
            "pod to clusterIP: dropped\noutside to nodePort: dropped\npod to nodePort: t3\nnode to nodePort: t3*"),
    ]

    private static let masquerading: [ServiceCase] = [
        .init(
            "a pod that is the only endpoint reaches itself under the node's address, at every place", local(), [h(9)],
            "pod to clusterIP nodePort external balancer: h9*"),
        .init(
            "a pod among other endpoints is masqueraded towards itself only", web(), [h(9), t(3)],
            "pod to clusterIP: h9* t3\npod to nodePort: h9* t3*"),
        .init("the node to a ClusterIP is masqueraded", web(), [h(2)], "node to clusterIP: h2*"),
        .init("masqueradeAll: pods to ClusterIPs, too", [web()], [slice([h(2), t(3)])], "pod far to clusterIP: h2* t3*") { $0.masqueradesAll = true },
        .init("masqueradeAll does not concern external policy Local", [local()], [slice([h(2)])], "outside pod to nodePort external: h2") {
            $0.masqueradesAll = true
        },
        .init(
            "without a range of the cluster only this node's pods keep their address", [web()], [slice([h(2)])],
            "pod to clusterIP: h2\nfar to clusterIP: h2*"
        ) {
            $0.clusterCIDRs = []
        },
        .init(
            "without a range of the cluster pods of other nodes are outside", [local()], [slice([h(2), t(3)])],
            "pod to nodePort: h2 t3*\nfar to nodePort: h2"
        ) {
            $0.clusterCIDRs = []
        },
        .init("another bit says masquerade", [web()], [slice([h(2)])], "outside to nodePort external: h2*") { $0.masqueradeBit = 31 },
    ]

    /// `detectLocalMode`.
    private static func detected(
        _ title: String, _ mode: LocalTraffic, _ service: Service, _ expected: String, configure: (inout ProxyConfiguration) -> Void = { _ in }
    ) -> ServiceCase {
        ServiceCase(title, [service], [slice([h(2), t(3)])], expected) {
            $0.localTraffic = mode
            configure(&$0)
        }
    }

    private static let detection: [ServiceCase] = [
        detected(
            "without a way to tell pods from others nobody is masqueraded to a ClusterIP", .unknown, web(),
            "pod far outside to clusterIP: h2 t3\npod outside to nodePort: h2* t3*"),
        detected(
            "without a way to tell pods from others policy Local binds everybody", .unknown, local(), "pod far outside to nodePort external: h2"),
        detected(
            "NodeCIDR: only this node's pods keep their address", .nodeRanges, web(),
            "pod to clusterIP: h2 t3\nfar outside node to clusterIP: h2* t3*\npod outside to nodePort: h2* t3*"),
        detected(
            "NodeCIDR: external policy Local binds pods of other nodes", .nodeRanges, local(),
            "pod to nodePort external: h2 t3\nfar outside to nodePort external: h2"),
        detected(
            "BridgeInterface: packets from the bridge keep their address", .bridge("swl0"), web(),
            "pod to clusterIP: h2 t3\nfar outside node to clusterIP: h2* t3*\npod outside to nodePort: h2* t3*"),
        detected(
            "BridgeInterface: external policy Local binds all packets that are not from the bridge", .bridge("swl0"), local(),
            "pod to nodePort external balancer: h2 t3\nfar outside to nodePort external balancer: h2\nnode to nodePort: h2* t3*"),
        detected("BridgeInterface: another bridge's packets are from outside", .bridge("cni0"), web(), "pod to clusterIP: h2* t3*"),
        detected(
            "BridgeInterface: the beginning of a name is not the name", .bridge("swl"), local(), "pod to clusterIP: h2* t3*\npod to nodePort: h2"),
        detected(
            "InterfaceNamePrefix: packets from interfaces that are called so keep their address", .interfaces(prefix: "sw"), local(),
            "pod to clusterIP nodePort: h2 t3\nfar to clusterIP: h2* t3*\nfar to nodePort: h2\nnode to clusterIP nodePort: h2* t3*"),
        detected(
            "InterfaceNamePrefix: the whole name is its own beginning", .interfaces(prefix: "swl0"), web(),
            "pod to clusterIP: h2 t3\nfar to clusterIP: h2* t3*"),
        detected(
            "InterfaceNamePrefix: packets from other interfaces are from outside", .interfaces(prefix: "veth"), local(),
            "pod to clusterIP: h2* t3*\npod to nodePort: h2"),
        detected("BridgeInterface with masqueradeAll", .bridge("swl0"), local(), "pod far to clusterIP: h2* t3*\npod to nodePort: h2 t3") {
            $0.masqueradesAll = true
        },
        .init(
            "BridgeInterface in IPv6", [dual()], [slice([endpoint("fd44::2")], type: "IPv6")],
            "pod6 to clusterIP6: h2\nfar6 outside6 node6 to clusterIP6: h2*"
        ) {
            $0.localTraffic = .bridge("swl0")
        },
    ]

    private static func affine(_ change: (inout Service) -> Void = { _ in }) -> Service {
        web {
            $0.spec?.sessionAffinity = "ClientIP"
            change(&$0)
        }
    }

    private static let affinity: [ServiceCase] = [
        .init(
            "session affinity: a client stays with its endpoint, at every place", affine(), [h(2), h(3), t(3)],
            "pod far outside node host to clusterIP nodePort external balancer: stays"),
        .init("session affinity None", web { $0.spec?.sessionAffinity = "None" }, [h(2), t(3)], "pod to clusterIP: h2 t3"),
        .init(
            "session affinity under external policy Local stays on this node", affine { $0.spec?.externalTrafficPolicy = "Local" },
            [h(2), h(3), t(3)],
            "outside to nodePort external balancer: stays\noutside to nodePort: h2 h3\npod to nodePort: stays"),
        .init(
            "session affinity under internal policy Local stays on this node", affine { $0.spec?.internalTrafficPolicy = "Local" },
            [h(2), h(3), t(3)],
            "pod to clusterIP: stays\npod to clusterIP: h2 h3"),
        .init(
            "session affinity of UDP", [affine { $0.spec?.ports = [ServicePort(protocol: "UDP", port: 80, nodePort: 30080)] }],
            [slice([h(2), t(3)], ports: [.init(name: "", protocol: "UDP", port: 8080)])],
            "pod to 10.96.0.1:80/UDP: stays\noutside to 192.168.77.11:30080/UDP: stays"),
        .init(
            "session affinity of SCTP", [affine { $0.spec?.ports = [ServicePort(protocol: "SCTP", port: 80)] }],
            [slice([h(2), t(3)], ports: [.init(name: "", protocol: "SCTP", port: 8080)])], "pod to 10.96.0.1:80/SCTP 198.51.100.7:80/SCTP: stays"),
        .init(
            "session affinity in IPv6", [dual { $0.spec?.sessionAffinity = "ClientIP" }],
            [slice([endpoint("fd44::2"), endpoint("fd44::3")], type: "IPv6")],
            "pod6 outside6 to clusterIP6 nodePort6 external6 balancer6: stays\npod to clusterIP: refused"),
        .init("session affinity without endpoints: refused", affine(), [], "pod outside to clusterIP nodePort: refused"),
    ]

    private static func checked(_ change: (inout Service) -> Void = { _ in }) -> Service {
        local {
            $0.spec?.healthCheckNodePort = 32000
            change(&$0)
        }
    }

    private static let health: [ServiceCase] = [
        .init("a health check counts this node's ready endpoints", checked(), [h(2), h(3), t(3)], "health: v4 32000 2"),
        .init(
            "a health check does not count endpoints that leave or start", checked(), [h(2, .leaving), h(3, .starting), t(3)],
            "health: v4 32000 0\noutside to nodePort: h2"),
        .init(
            "a health check of several ports counts each address once",
            [checked { $0.spec?.ports = [ServicePort(name: "a", port: 80), ServicePort(name: "b", port: 81)] }],
            [slice([h(2)], ports: [.init(name: "a", port: 8080), .init(name: "b", port: 9090)])], "health: v4 32000 1"),
        .init(
            "each family has a health check", [checked { $0.spec?.clusterIPs = ["10.96.0.1", "fd96::1"] }], [slice([h(2)])],
            "health: v4 32000 1\nhealth: v6 32000 0"),
        .init(
            "policy Cluster has no health check", checked { $0.spec?.externalTrafficPolicy = "Cluster" }, [h(2), t(3)], "outside to balancer: h2* t3*"
        ),
        .init(
            "a NodePort Service has no health check", checked { $0.spec?.type = "NodePort" }, [h(2)],
            "outside to nodePort: h2\noutside to balancer: passed"),
    ]
}
