import KubeModel
import ProxyCore

/// Where a Service answers: addresses, ports, protocols, families, and other Services that want the same.
extension ServiceCase {
    static let frontends: [ServiceCase] = clusterIPs + nodePorts + externals + ranges + ports + families + contests

    private static let clusterIPs: [ServiceCase] = [
        .init("no endpoints: every place refuses every client", web(), [], "pod far outside node to clusterIP nodePort external balancer: refused"),
        .init("an unknown port of a ClusterIP is refused", web(), [h(2)], "pod outside node to 10.96.0.1:81 10.96.0.1:80/UDP: refused"),
        .init(
            "an unassigned address of the Service range is dropped, others are left alone", web(), [h(2)],
            "pod to clusterIP: h2\npod to 10.96.0.77:80: dropped\npod to 10.97.0.77:80 198.51.100.8:80: passed"),
        .init(
            "without a known Service range unassigned addresses are left alone", [web()], [slice([h(2)])],
            "pod to 10.96.0.77:80: passed\npod to 10.96.0.1:81: refused"
        ) {
            $0.serviceCIDRs = []
        },
        .init(
            "other ports of the node and of external addresses are left alone", web(), [h(2)],
            "outside to nodePort: h2*\noutside to 192.168.77.11:22 198.51.100.7:22 203.0.113.9:22: passed"),
        .init(
            "the older field clusterIP alone",
            web {
                $0.spec?.clusterIPs = nil
                $0.spec?.clusterIP = "10.96.0.1"
            }, [h(2)], "pod to clusterIP: h2"),
        .init(
            "a headless Service has no rules", web { $0.spec?.clusterIPs = ["None"] }, [h(2)],
            "pod to 10.96.0.1:80: dropped\noutside to nodePort external: passed"),
        .init(
            "an ExternalName Service has no rules", web { $0.spec?.type = "ExternalName" }, [h(2)], "outside to nodePort external balancer: passed"),
        .init("a Service without an address yet has no rules", web { $0.spec?.clusterIPs = [""] }, [h(2)], "outside to nodePort external: passed"),
        .init(
            "a Service for another proxy has no rules", web { $0.metadata.labels = ["service.kubernetes.io/service-proxy-name": "mine"] }, [h(2)],
            "pod to clusterIP: dropped\noutside to nodePort external balancer: passed"),
        .init(
            "a Service labelled headless has no rules", web { $0.metadata.labels = ["service.kubernetes.io/headless": ""] }, [h(2)],
            "outside to nodePort external balancer: passed"),
        .init(
            "a ClusterIP that is none is named", web { $0.spec?.clusterIPs = ["10.96.0.x"] }, [h(2)],
            "outside to nodePort external: passed\nproblem: \"10.96.0.x\""),
        .init(
            "a bad Service leaves the others alone", [web(), plain("bad", "127.0.0.1")], [slice([h(2)])],
            "pod to clusterIP: h2\nproblem: \"127.0.0.1\""),
    ]

    private static let nodePorts: [ServiceCase] = [
        .init(
            "a NodePort is served at the node's own address only", web(), [h(2)], "outside to nodePort: h2*\noutside to 192.168.77.12:30080: passed"),
        .init("a NodePort is not served on loopback", web(), [h(2)], "127.0.0.1 to 127.0.0.1:30080: passed\nnode to nodePort: h2*"),
        .init(
            "nodePortAddresses: the node's addresses in the ranges", [web()], [slice([h(2)])],
            "outside to nodePort: h2*\noutside to 192.168.77.12:30080: passed"
        ) {
            $0.nodePorts = .init(field: ["192.168.0.0/16"], nodeAddresses: $0.nodeAddresses)
        },
        .init(
            "nodePortAddresses: not the node's addresses outside of the ranges", [web()], [slice([h(2)])],
            "outside to nodePort: passed\npod to clusterIP: h2"
        ) {
            $0.nodePorts = .init(field: ["192.168.78.0/24"], nodeAddresses: $0.nodeAddresses)
        },
        .init(
            "nodePortAddresses: a range of everything leaves loopback out", [web()], [slice([h(2)])],
            "outside to nodePort: h2*\n127.0.0.1 to 127.0.0.1:30080: passed"
        ) {
            $0.nodePorts = .init(field: ["0.0.0.0/0"], nodeAddresses: $0.nodeAddresses)
        },
        .init(
            "nodePortAddresses of the other family only: all of the node's addresses of this one", [web()], [slice([h(2)])],
            "outside to nodePort: h2*"
        ) {
            $0.nodePorts = .init(field: ["fd00::/8"], nodeAddresses: [])
        },
        .init("nodePortAddresses with primary", [web()], [slice([h(2)])], "outside to nodePort: h2*\noutside to 192.168.77.12:30080: passed") {
            $0.nodePorts = .init(field: ["primary"], nodeAddresses: $0.nodeAddresses)
        },
        .init(
            "a load balancer without NodePorts", web { $0.spec?.ports?[0].nodePort = nil }, [h(2)],
            "outside to nodePort: passed\noutside to balancer: h2*"),
        .init(
            "a NodePort that remains in a ClusterIP Service is not served", web { $0.spec?.type = "ClusterIP" }, [h(2)],
            "outside to nodePort balancer: passed\noutside to external: h2*"),
        .init(
            "a NodePort of UDP and one of TCP share the number",
            [
                web {
                    $0.spec?.ports = [
                        ServicePort(name: "t", port: 80, nodePort: 30080), ServicePort(name: "u", protocol: "UDP", port: 80, nodePort: 30080),
                    ]
                }
            ], [slice([h(2)], ports: [.init(name: "t", port: 8080), .init(name: "u", protocol: "UDP", port: 53)])],
            "outside to nodePort: h2*\noutside to 192.168.77.11:30080/UDP: 10.244.0.2:53*"),
        .init(
            "a NodePort of SCTP", [web { $0.spec?.ports = [ServicePort(protocol: "SCTP", port: 80, nodePort: 30080)] }],
            [slice([h(2)], ports: [.init(name: "", protocol: "SCTP", port: 8080)])],
            "outside to 192.168.77.11:30080/SCTP: h2*\noutside to nodePort: passed"),
    ]

    private static let externals: [ServiceCase] = [
        .init(
            "several external addresses", web { $0.spec?.externalIPs = ["198.51.100.7", "198.51.100.8", "198.51.100.8"] }, [h(2)],
            "outside pod to external 198.51.100.8:80: h2*"),
        .init(
            "an external address that is the ClusterIP is the ClusterIP", web { $0.spec?.externalIPs = ["10.96.0.1"] }, [h(2)], "pod to clusterIP: h2"
        ),
        .init(
            "an external address of the node's own", web { $0.spec?.externalIPs = ["192.168.77.11"] }, [h(2)],
            "outside node pod to 192.168.77.11:80: h2*"),
        .init(
            "external addresses that reach the node or a link are named and left out",
            web { $0.spec?.externalIPs = ["127.0.0.1", "198.51.100.7", "169.254.1.1"] }, [h(2)],
            "outside to external: h2*\noutside to 127.0.0.1:80: passed\nproblem: \"127.0.0.1\"\nproblem: \"169.254.1.1\""),
        .init(
            "an external address with nft syntax is named and left out", web { $0.spec?.externalIPs = ["1.2.3.4 }; flush ruleset"] }, [h(2)],
            "pod to clusterIP: h2\nproblem: flush ruleset"),
        .init(
            "several addresses of load balancers", web { $0.setIngress("203.0.113.9", "203.0.113.10") }, [h(2)],
            "outside pod to balancer 203.0.113.10:80: h2*"),
        .init("a load balancer with ipMode VIP", web { $0.setIngress("203.0.113.9", mode: "VIP") }, [h(2)], "outside to balancer: h2*"),
        .init(
            "a load balancer with ipMode Proxy is not the node's business", web { $0.setIngress("203.0.113.9", mode: "Proxy") }, [h(2)],
            "pod outside to balancer: passed\noutside to external nodePort: h2*"),
        .init(
            "an ipMode that is not known is not the node's business", web { $0.setIngress("203.0.113.9", mode: "Tunnel") }, [h(2)],
            "outside to balancer: passed"),
        .init(
            "an ingress with a name only is skipped",
            web {
                $0.status?.loadBalancer?.ingress?[0].ip = nil
                $0.status?.loadBalancer?.ingress?[0].hostname = "lb.example"
            }, [h(2)], "outside to balancer: passed\noutside to nodePort: h2*"),
        .init(
            "an ingress address that is none is named, the others are served", web { $0.setIngress("203.0.113", "203.0.113.9") }, [h(2)],
            "outside to balancer: h2*\nproblem: load balancer IP \"203.0.113\""),
        .init(
            "an ingress of a Service that is no load balancer is skipped", web { $0.spec?.type = "NodePort" }, [h(2)],
            "outside to balancer: passed\noutside to nodePort: h2*"),
        .init(
            "an address that is external and the load balancer's", web { $0.setIngress("198.51.100.7") }, [h(2)],
            "outside to external: h2*\noutside to balancer: passed"),
    ]

    private static func limited(_ ranges: String...) -> Service { web { $0.spec?.loadBalancerSourceRanges = ranges } }

    private static let ranges: [ServiceCase] = [
        .init(
            "source ranges close the load balancer's address, and only that one, to other clients", limited("192.0.2.48/29 ", "2001:db8::/32"),
            [h(2)],
            "outside to clusterIP nodePort external balancer: h2*\npod host to balancer: dropped\nhost to nodePort external: h2*"),
        .init(
            "a client outside of every source range", limited("192.0.2.0/28", "192.0.2.0/27"), [h(2)],
            "outside to balancer: dropped\noutside to nodePort: h2*"),
        .init("a source range of one address", limited("192.0.2.50/32"), [h(2)], "outside to balancer: h2*\n192.0.2.51 to balancer: dropped"),
        .init(
            "source ranges within each other", limited("192.0.2.0/24", "192.0.2.48/29"), [h(2)],
            "outside 192.0.2.1 to balancer: h2*\n192.0.3.1 to balancer: dropped"),
        .init("a source range of everything admits every client", limited("192.0.2.0/28", "0.0.0.0/0"), [h(2)], "outside pod host to balancer: h2*"),
        .init("source ranges of the other family only admit every client of this one", limited("2001:db8::/32"), [h(2)], "outside to balancer: h2*"),
        .init(
            "a source range that is none admits no client", limited("everybody"), [h(2)],
            "outside to balancer: dropped\noutside to external: h2*\nproblem: source range \"everybody\""),
        .init(
            "a source range that is none leaves the others alone", limited("everybody", "192.0.2.0/24"), [h(2)],
            "outside to balancer: h2*\nhost to balancer: dropped\nproblem: source range \"everybody\""),
        .init("source ranges bind pods, too", limited("10.244.0.0/24"), [t(3)], "pod to balancer: t3*\nfar outside to balancer: dropped"),
        .init(
            "source ranges under external policy Local",
            web {
                $0.spec?.loadBalancerSourceRanges = ["192.0.2.0/24"]
                $0.spec?.externalTrafficPolicy = "Local"
            }, [h(2), t(3)], "outside to balancer: h2\npod host to balancer: dropped\npod to external: h2 t3"),
        .init("source ranges come before a refusal", limited("192.0.2.0/24"), [], "outside to balancer: refused\nhost to balancer: dropped"),
        .init(
            "source ranges of a Service that is no load balancer have no effect",
            web {
                $0.spec?.type = "NodePort"
                $0.spec?.loadBalancerSourceRanges = ["192.0.2.0/28"]
            }, [h(2)], "outside to nodePort external: h2*"),
        .init(
            "source ranges hold for every port",
            [
                web {
                    $0.spec?.loadBalancerSourceRanges = ["192.0.2.0/24"]
                    $0.spec?.ports = [ServicePort(name: "a", port: 80), ServicePort(name: "b", port: 443)]
                }
            ], [slice([h(2)], ports: [.init(name: "a", port: 8080), .init(name: "b", port: 8080)])],
            "outside to balancer 203.0.113.9:443: h2*\nhost to balancer 203.0.113.9:443: dropped"),
    ]

    private static let ports: [ServiceCase] = [
        .init(
            "ports go to the targets of their names",
            [plain { $0.spec?.ports = [ServicePort(name: "a", port: 80), ServicePort(name: "b", port: 81)] }],
            [slice([h(2)], ports: [.init(name: "b", port: 9090), .init(name: "a", port: 8080)])],
            "pod to clusterIP: h2\npod to 10.96.0.1:81: 10.244.0.2:9090"),
        .init(
            "a port without a target is refused, the other one is served",
            [plain { $0.spec?.ports = [ServicePort(name: "a", port: 80), ServicePort(name: "b", port: 81)] }],
            [slice([h(2)], ports: [.init(name: "a", port: 8080)])], "pod to clusterIP: h2\npod to 10.96.0.1:81: refused"),
        .init(
            "a target of the same name and another protocol is none", [plain { $0.spec?.ports = [ServicePort(name: "a", port: 80)] }],
            [slice([h(2)], ports: [.init(name: "a", protocol: "UDP", port: 8080)])], "pod to clusterIP: refused"),
        .init(
            "one number for TCP and UDP leads to two targets",
            [
                plain {
                    $0.spec?.ports = [ServicePort(name: "t", protocol: "TCP", port: 53), ServicePort(name: "u", protocol: "UDP", port: 53)]
                }
            ], [slice([h(2)], ports: [.init(name: "t", port: 8080), .init(name: "u", protocol: "UDP", port: 1053)])],
            "pod to 10.96.0.1:53: h2\npod to 10.96.0.1:53/UDP: 10.244.0.2:1053\npod to 10.96.0.1:53/SCTP: refused"),
        .init(
            "UDP", [web { $0.spec?.ports = [ServicePort(protocol: "UDP", port: 80, nodePort: 30080)] }],
            [slice([h(2), t(3)], ports: [.init(name: "", protocol: "UDP", port: 8080)])],
            "pod to 10.96.0.1:80/UDP: h2 t3\noutside to 192.168.77.11:30080/UDP 198.51.100.7:80/UDP 203.0.113.9:80/UDP: h2* t3*\npod to clusterIP: refused"
        ),
        .init(
            "SCTP under external policy Local",
            [
                web {
                    $0.spec?.ports = [ServicePort(protocol: "SCTP", port: 80, nodePort: 30080)]
                    $0.spec?.externalTrafficPolicy = "Local"
                }
            ], [slice([h(2), t(3)], ports: [.init(name: "", protocol: "SCTP", port: 8080)])],
            "pod to 10.96.0.1:80/SCTP: h2 t3\noutside to 192.168.77.11:30080/SCTP 198.51.100.7:80/SCTP: h2"),
        .init(
            "UDP without endpoints: refused", web { $0.spec?.ports = [ServicePort(protocol: "UDP", port: 80, nodePort: 30080)] }, [],
            "pod to 10.96.0.1:80/UDP: refused\noutside to 192.168.77.11:30080/UDP: refused"),
        .init(
            "a port's missing protocol is TCP, in Services and slices", [plain()],
            [slice([h(2)], ports: [.init(name: nil, protocol: nil, port: 8080)])],
            "pod to clusterIP: h2\npod to 10.96.0.1:80/UDP: refused"),
        .init(
            "ports that cannot be served are named, the others are served",
            plain {
                $0.spec?.ports = [ServicePort(port: 70000), ServicePort(protocol: "ICMP", port: 1), ServicePort(port: 80)]
            }, [h(2)], "pod to clusterIP: h2\nproblem: port 1/ICMP\nproblem: port 70000/TCP"),
    ]

    private static let families: [ServiceCase] = [
        .init(
            "both families from their own slices", [dual()], [slice([h(2)]), slice([endpoint("fd44::2", node: "here")], "y", type: "IPv6")],
            "pod to clusterIP: h2\npod6 far6 to clusterIP6: h2\noutside6 node6 to clusterIP6 nodePort6 external6 balancer6: h2*\npod6 to external6: h2*"
        ),
        .init(
            "a family without endpoints is refused, the other one is served", [dual()], [slice([h(2)])],
            "pod to clusterIP: h2\npod6 outside6 node6 to clusterIP6 nodePort6 external6 balancer6: refused"),
        .init(
            "IPv6 alone", [plain("web", "fd96::1")], [slice([endpoint("fd44::2"), endpoint("fd44:0:0:1::3")], type: "IPv6")],
            "pod6 to clusterIP6: h2 t3\npod to clusterIP: dropped"),
        .init(
            "external addresses of a family without a ClusterIP are not served", [dual { $0.spec?.clusterIPs = ["10.96.0.1"] }],
            [slice([h(2)]), slice([endpoint("fd44::2")], "y", type: "IPv6")],
            "outside to external: h2*\noutside6 to external6 balancer6 nodePort6: passed"),
        .init(
            "a second ClusterIP of one family is not served", web { $0.spec?.clusterIPs = ["10.96.0.1", "10.96.0.2"] }, [h(2)],
            "pod to clusterIP: h2\npod to 10.96.0.2:80: dropped"),
        .init(
            "external policy Local in IPv6", [dual { $0.spec?.externalTrafficPolicy = "Local" }],
            [slice([endpoint("fd44::2", node: "here"), endpoint("fd44:0:0:1::3")], type: "IPv6")],
            "outside6 to nodePort6 external6 balancer6: h2\npod6 far6 to nodePort6: h2 t3\nnode6 to nodePort6: h2* t3*"),
        .init(
            "external policy Local without an IPv6 endpoint here", [dual { $0.spec?.externalTrafficPolicy = "Local" }],
            [slice([h(2)]), slice([endpoint("fd44:0:0:1::3")], "y", type: "IPv6")], "outside to nodePort: h2\noutside6 to nodePort6: dropped"),
        .init(
            "internal policy Local in IPv6", [dual { $0.spec?.internalTrafficPolicy = "Local" }], [slice([endpoint("fd44:0:0:1::3")], type: "IPv6")],
            "pod6 to clusterIP6: dropped\noutside6 to nodePort6: t3*"),
        .init(
            "source ranges in IPv6", [dual { $0.spec?.loadBalancerSourceRanges = ["2001:db8::/64"] }],
            [slice([h(2)]), slice([endpoint("fd44::2")], "y", type: "IPv6")],
            "outside6 to balancer6: h2*\npod6 to balancer6: dropped\npod6 to external6: h2*\npod to balancer: h2*"),
        .init(
            "an IPv6 pod that reaches itself is masqueraded", [dual()], [slice([endpoint("fd44::9", node: "here")], type: "IPv6")],
            "pod6 to clusterIP6 nodePort6: h9*"),
        .init(
            "IPv6 addresses of the node and of links get no packet", [dual()],
            [slice([endpoint("::1"), endpoint("fe80::1"), endpoint("ff02::1"), endpoint("fd44::2")], type: "IPv6")],
            "pod6 to clusterIP6: h2\nproblem: endpoint ::1\nproblem: endpoint fe80::1\nproblem: endpoint ff02::1"),
        .init(
            "unassigned and unknown IPv6 addresses and ports", [dual()], [slice([endpoint("fd44::2")], type: "IPv6")],
            "pod6 to fd96::77:80: dropped\npod6 to fd96::1:81: refused\npod6 to fd97::1:80: passed"),
    ]

    private static func aged(_ name: String, _ address: String, created: Int64, _ externals: [String]) -> Service {
        plain(name, address) {
            $0.metadata.creationTimestamp = Timestamp(seconds: created)
            $0.spec?.externalIPs = externals
        }
    }

    private static func exposed(_ name: String, _ address: String) -> Service {
        plain(name, address) {
            $0.spec?.type = "NodePort"
            $0.spec?.ports = [ServicePort(port: 80, nodePort: 30080)]
        }
    }

    private static let contests: [ServiceCase] = [
        .init(
            "of two Services that want an external address, the older one has it",
            [aged("a", "10.96.0.1", created: 20, ["198.51.100.7"]), aged("b", "10.96.0.2", created: 10, ["198.51.100.7"])],
            [slice([h(2)], of: "a"), slice([t(3)], "y", of: "b")],
            "outside to external: t3*\npod to clusterIP: h2\npod to 10.96.0.2:80: t3\nproblem: 198.51.100.7 port 80 belongs to service default/b already"
        ),
        .init(
            "two Services share an external address at different ports",
            [
                aged("a", "10.96.0.1", created: 20, ["198.51.100.7"]),
                plain("b", "10.96.0.2") {
                    $0.spec?.ports = [ServicePort(port: 443)]
                    $0.spec?.externalIPs = ["198.51.100.7"]
                },
            ], [slice([h(2)], of: "a"), slice([t(3)], "y", of: "b")], "outside to external: h2*\noutside to 198.51.100.7:443: t3*"),
        .init(
            "no Service gets another one's ClusterIP as its external address, however old it is",
            [aged("thief", "10.96.0.2", created: 1, ["10.96.0.1"]), aged("web", "10.96.0.1", created: 2, [])],
            [slice([h(2)], of: "web"), slice([t(3)], "y", of: "thief")],
            "pod to clusterIP: h2\nproblem: 10.96.0.1 port 80 belongs to service default/web already"),
        .init(
            "of two Services with one NodePort, the first by name has it",
            [
                exposed("a", "10.96.0.1"),
                exposed("b", "10.96.0.2"),
            ], [slice([h(2)], of: "a"), slice([t(3)], "y", of: "b")],
            "outside to nodePort: h2*\npod to 10.96.0.2:80: t3\nproblem: node port 30080 belongs to service default/a"),
        .init(
            "of two Services with one ClusterIP, the first by name has it", [plain("a"), plain("b")],
            [slice([h(2)], of: "a"), slice([t(3)], "y", of: "b")],
            "pod to clusterIP: h2\nproblem: 10.96.0.1 port 80 belongs to service default/a already"),
        .init(
            "of a Service's ports with one number, the first is served",
            [plain { $0.spec?.ports = [ServicePort(name: "a", port: 80), ServicePort(name: "b", port: 80)] }],
            [slice([h(2)], ports: [.init(name: "a", port: 8080), .init(name: "b", port: 9090)])],
            "pod to clusterIP: h2\nproblem: port b: 10.96.0.1 port 80 belongs"),
        .init(
            "Services of one name in two namespaces are two", [plain(), plain("web", "10.96.0.2") { $0.metadata.namespace = "other" }],
            [slice([h(2)])],
            "pod to clusterIP: h2\npod to 10.96.0.2:80: refused"),
    ]
}
