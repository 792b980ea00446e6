import KubeModel
import ProxyCore

/// Which endpoints get traffic.
extension ServiceCase {
    static let endpoints: [ServiceCase] = conditions + slices + addresses + hints

    private static let conditions: [ServiceCase] = [
        .init(
            "ready endpoints of all nodes are used", web(), [h(2), t(3)],
            "pod far to clusterIP: h2 t3\noutside to nodePort external balancer: h2* t3*"),
        .init("missing conditions mean ready", web(), [h(2, .unsaid), t(3)], "pod to clusterIP: h2 t3"),
        .init("an endpoint that starts is not used", web(), [h(2, .starting), t(3)], "pod to clusterIP: t3"),
        .init("an endpoint that leaves is not used beside a ready one", web(), [h(2, .leaving), t(3)], "pod to clusterIP: t3"),
        .init("endpoints that leave and serve are used when none is ready", web(), [h(2, .leaving), t(3, .dead)], "pod to clusterIP: h2"),
        .init("all endpoints that leave and serve are used", web(), [h(2, .leaving), t(3, .leaving), t(4, .starting)], "pod to clusterIP: h2 t3"),
        .init(
            "only endpoints that start: refused", web(), [h(2, .starting), t(3, .starting)],
            "pod outside node to clusterIP nodePort external balancer: refused"),
        .init("only endpoints that are dead: refused", web(), [h(2, .dead)], "pod outside to clusterIP nodePort: refused"),
        .init(
            "a leaving endpoint of which nothing says that it serves, serves", web(),
            [
                endpoint("10.244.0.2", node: "here", .init(ready: false, terminating: true))
            ], "pod to clusterIP: h2"),
        .init(
            "serving alone, neither ready nor leaving, is not enough", web(),
            [
                endpoint("10.244.0.2", node: "here", .init(ready: false, serving: true, terminating: false)), t(3),
            ], "pod to clusterIP: t3"),
        .init(
            "publishNotReadyAddresses: a published endpoint is used though it does not serve", web { $0.spec?.publishNotReadyAddresses = true },
            [
                endpoint("10.244.0.2", node: "here", .init(ready: true, serving: false, terminating: false)), t(3),
            ], "pod to clusterIP: h2 t3"),
        .init(
            "publishNotReadyAddresses: a published endpoint is used though it leaves", web { $0.spec?.publishNotReadyAddresses = true },
            [
                endpoint("10.244.0.2", node: "here", .init(ready: true, serving: false, terminating: true)), t(3, .leaving),
            ], "pod to clusterIP: h2"),
        .init(
            "publishNotReadyAddresses is the slices' business: the field itself changes nothing", web { $0.spec?.publishNotReadyAddresses = true },
            [
                h(2, .starting)
            ], "pod to clusterIP: refused"),
    ]

    private static let slices: [ServiceCase] = [
        .init("the slices of a Service are one set", [web()], [slice([h(2)]), slice([t(3)], "y")], "pod to clusterIP: h2 t3"),
        .init(
            "an endpoint that is ready in one slice and leaves in another is ready", [web()], [slice([h(2, .leaving)]), slice([h(2)], "y")],
            "pod to clusterIP: h2"),
        .init(
            "an endpoint is local when one of its entries says so", [web { $0.spec?.externalTrafficPolicy = "Local" }],
            [
                slice([endpoint("10.244.0.2", node: "there")]), slice([h(2)], "y"),
            ], "outside to nodePort: h2"),
        .init("another Service's slice gives nothing", [web()], [slice([h(2)], of: "other")], "pod to clusterIP: refused"),
        .init(
            "a slice for no proxy gives nothing", [web()], [slice([h(2)], labels: ["service.kubernetes.io/headless": ""])],
            "pod to clusterIP: refused"),
        .init(
            "a slice for another proxy gives nothing", [web()],
            [slice([h(2)], labels: ["service.kubernetes.io/service-proxy-name": "mine"]), slice([t(3)], "y")],
            "pod to clusterIP: t3"),
        .init(
            "a slice of names gives nothing", [web()], [slice([endpoint("web.example")], type: "FQDN"), slice([t(3)], "y")], "pod to clusterIP: t3"),
        .init("a slice of the other family gives nothing", [web()], [slice([endpoint("fd44::2")], type: "IPv6")], "pod to clusterIP: refused"),
        .init("a slice without a port gives nothing", [web()], [slice([h(2)], ports: [])], "pod to clusterIP: refused"),
        .init(
            "a port without a number gives nothing", [web()], [slice([h(2)], ports: [.init(name: "", port: nil)]), slice([t(3)], "y")],
            "pod to clusterIP: t3"),
        .init(
            "a port that is none gives nothing", [web()],
            [slice([h(2)], ports: [.init(name: "", port: 70000), .init(name: "", port: 0)]), slice([t(3)], "y")],
            "pod to clusterIP: t3"),
        .init(
            "each slice has its own target port", [web()], [slice([h(2)]), slice([t(3)], "y", ports: [.init(name: "", port: 9090)])],
            "pod to clusterIP: h2 10.244.1.3:9090"),
        .init(
            "one address at two ports is two endpoints", [web()], [slice([h(2)]), slice([h(2)], "y", ports: [.init(name: "", port: 9090)])],
            "pod to clusterIP: h2 10.244.0.2:9090"),
    ]

    private static let addresses: [ServiceCase] = [
        .init(
            "an endpoint without a node is not local", web { $0.spec?.externalTrafficPolicy = "Local" }, [endpoint("10.244.0.2", node: nil)],
            "outside to nodePort: dropped\npod to clusterIP nodePort: h2"),
        .init("an endpoint without addresses is left out", web(), [.init(addresses: [], nodeName: "here"), t(3)], "pod to clusterIP: t3"),
        .init("an address that cannot be read is left out", web(), [endpoint("10.244.0.300"), endpoint("; drop"), t(3)], "pod to clusterIP: t3"),
        .init("an address of the other family is left out", web(), [endpoint("fd44::2"), t(3)], "pod to clusterIP: t3"),
        .init("of several addresses the first stands for the endpoint", web(), [endpoint("10.244.1.3", "10.244.1.4")], "pod to clusterIP: t3"),
        .init(
            "addresses of the node and of links get no packet", web(),
            [
                endpoint("127.0.0.1"), endpoint("169.254.169.254"), endpoint("224.0.0.1"), endpoint("0.0.0.0"), t(3),
            ],
            """
            pod to clusterIP: t3
            problem: 0.0.0.0 of slice x gets no traffic: it is the unspecified address
            problem: 127.0.0.1 of slice x gets no traffic: it is a loopback address
            problem: 169.254.169.254 of slice x gets no traffic: it is a link-local address
            problem: 224.0.0.1 of slice x gets no traffic: it is a multicast address
            """),
        .init("only such addresses: refused", web(), [endpoint("169.254.169.254")], "pod to clusterIP nodePort: refused\nproblem: link-local"),
    ]

    private static let hints: [ServiceCase] = [
        .init(
            "zone hints: the node's zone, also for clients from outside", web(), [h(2, zones: ["east"]), t(3, zones: ["west"])],
            "pod to clusterIP: h2\noutside to nodePort: h2*"),
        .init("a hint may name several zones", web(), [h(2, zones: ["west"]), t(3, zones: ["west", "east"])], "pod to clusterIP: t3"),
        .init(
            "all endpoints of the zone are used", web(), [h(2, zones: ["east"]), t(3, zones: ["east"]), t(4, zones: ["west"])],
            "pod to clusterIP: h2 t3"),
        .init("a ready endpoint without a hint: hints do not count", web(), [h(2, zones: ["east"]), t(3)], "pod to clusterIP: h2 t3"),
        .init("hints for other zones only do not count", web(), [h(2, zones: ["west"]), t(3, zones: ["west"])], "pod to clusterIP: h2 t3"),
        .init(
            "hints do not count on a node without a zone", [web()], [slice([h(2, zones: ["east"]), t(3, zones: ["west"])])], "pod to clusterIP: h2 t3"
        ) {
            $0.zone = nil
        },
        .init(
            "a leaving endpoint without a hint does not disable the others' hints", web(),
            [h(2, zones: ["west"]), t(3, zones: ["east"]), t(4, .leaving)],
            "pod to clusterIP: t3"),
        .init(
            "a starting endpoint for this zone does not make hints count", web(), [h(2, .starting, zones: ["east"]), t(3, zones: ["west"])],
            "pod to clusterIP: t3"),
        .init(
            "hints do not bind endpoints that leave", web(), [h(2, .leaving, zones: ["west"]), t(3, .leaving, zones: ["east"])],
            "pod to clusterIP: h2 t3"),
        .init("node hints: this node's endpoint", web(), [h(2, nodes: ["here"]), t(3, nodes: ["there"])], "pod to clusterIP: h2"),
        .init(
            "node hints come before zone hints", web(), [h(2, zones: ["east"], nodes: ["there"]), t(3, zones: ["west"], nodes: ["here"])],
            "pod to clusterIP: t3"),
        .init(
            "node hints for other nodes only: zone hints count", web(), [h(2, zones: ["west"], nodes: ["a"]), t(3, zones: ["east"], nodes: ["b"])],
            "pod to clusterIP: t3"),
        .init(
            "node hints of some endpoints only: zone hints count", web(), [h(2, zones: ["west"], nodes: ["here"]), t(3, zones: ["east"])],
            "pod to clusterIP: t3"),
        .init(
            "hints do not bind external policy Local", web { $0.spec?.externalTrafficPolicy = "Local" },
            [h(2, zones: ["west"]), t(3, zones: ["east"])],
            "outside to nodePort: h2\npod to nodePort: t3"),
        .init(
            "hints do not bind internal policy Local", web { $0.spec?.internalTrafficPolicy = "Local" },
            [h(2, zones: ["west"]), t(3, zones: ["east"])],
            "pod to clusterIP: h2\noutside to nodePort: t3*"),
        .init(
            "trafficDistribution is the slices' business: without hints it changes nothing", web { $0.spec?.trafficDistribution = "PreferSameNode" },
            [h(2), t(3)],
            "pod to clusterIP: h2 t3"),
        .init(
            "PreferSameZone with hints", web { $0.spec?.trafficDistribution = "PreferSameZone" },
            [h(2, zones: ["west"]), t(3, zones: ["east"]), t(4, zones: ["east"])],
            "pod to clusterIP: t3 t4\nnode to clusterIP: t3* t4*"),
    ]
}
