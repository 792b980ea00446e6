import FoundationEssentials
import KubeModel
import Testing

@testable import PodCore

@Suite("Plans")
struct PlanTests {
    @Test(
        "references are expanded as Kubernetes does",
        arguments: [
            ("plain", "plain"), ("$(A)", "1"), ("x$(A)y$(B)", "x1y2"), ("$$(A)", "$(A)"), ("$(NONE)", "$(NONE)"), ("$(A", "$(A"), ("$", "$"),
            ("$$", "$"),
            ("$A", "$A"), ("$$$(A)", "$1"), ("$()", "$()"), ("a$(A)$", "a1$"),
        ])
    func expansion(text: String, expected: String) {
        #expect(VariableExpansion.expand(text) { ["A": "1", "B": "2"][$0] } == expected)
    }

    @Test("service links name every port")
    func serviceLinks() {
        let web = Service(
            metadata: ObjectMeta(name: "my-web", namespace: "default"),
            spec: ServiceSpec(clusterIPs: ["10.96.0.5"], ports: [ServicePort(name: "http-a", port: 80), ServicePort(protocol: "UDP", port: 53)]))
        let api = Service(
            metadata: ObjectMeta(name: "kubernetes", namespace: "default"),
            spec: ServiceSpec(clusterIPs: ["10.96.0.1"], ports: [ServicePort(port: 443)]))
        let headless = Service(
            metadata: ObjectMeta(name: "h", namespace: "default"), spec: ServiceSpec(clusterIPs: ["None"], ports: [ServicePort(port: 1)]))
        let all = ServiceEnvironment.variables(services: [web, api, headless], namespace: "default", links: true)
        #expect(all["MY_WEB_SERVICE_HOST"] == "10.96.0.5")
        #expect(all["MY_WEB_SERVICE_PORT_HTTP_A"] == "80")
        #expect(all["MY_WEB_PORT"] == "tcp://10.96.0.5:80")
        #expect(all["MY_WEB_PORT_53_UDP_ADDR"] == "10.96.0.5")
        #expect(all["MY_WEB_PORT_53_UDP"] == "udp://10.96.0.5:53")
        #expect(all["H_SERVICE_HOST"] == nil)
        #expect(ServiceEnvironment.variables(services: [web, api], namespace: "other", links: false).keys.allSatisfy { $0.hasPrefix("KUBERNETES_") })
    }

    @Test("an environment follows the spec's order and the pod wins over Services")
    func environment() throws {
        let container = try decode(
            Container.self,
            #"""
            {"name":"c","envFrom":[{"prefix":"P_","configMapRef":{"name":"m"}},{"secretRef":{"name":"gone","optional":true}}],
             "env":[{"name":"A","value":"1"},{"name":"B","value":"$(A)-$(P_k)-$(SVC_SERVICE_HOST)"},{"name":"IP","valueFrom":{"fieldRef":{"fieldPath":"status.podIP"}}},
                    {"name":"S","valueFrom":{"secretKeyRef":{"name":"s","key":"p"}}},{"name":"CPU","valueFrom":{"resourceFieldRef":{"resource":"limits.cpu"}}},
                    {"name":"L","valueFrom":{"fieldRef":{"fieldPath":"metadata.labels['app']"}}},{"name":"SVC_SERVICE_PORT","value":"mine"}]}
            """#)
        var pod = Pod(metadata: ObjectMeta(name: "p", namespace: "ns", labels: ["app": "web"]), spec: PodSpec(containers: [container]))
        pod.spec.containers = [container]
        let facts = PodFacts(pod: pod, nodeName: "n", hostIPs: ["1.1.1.1"], podIPs: ["10.0.0.2"], nodeAllocatable: ["cpu": Quantity(4)])
        let objects = ReferencedObjects(
            configMaps: ["m": try decode(ConfigMap.self, #"{"metadata":{},"data":{"k":"v","bad=key":"x"}}"#)],
            secrets: ["s": try decode(Secret.self, #"{"metadata":{},"data":{"p":"c2VjcmV0"}}"#)])
        let environment = try ContainerEnvironment(
            container: container, facts: facts, objects: objects, services: ["SVC_SERVICE_HOST": "10.9.9.9", "SVC_SERVICE_PORT": "80"])
        #expect(environment.names == ["P_k", "A", "B", "IP", "S", "CPU", "L", "SVC_SERVICE_PORT", "SVC_SERVICE_HOST"])
        #expect(environment["B"] == "1-v-10.9.9.9")
        #expect(environment["S"] == "secret")
        #expect(environment["CPU"] == "4")
        #expect(environment["L"] == "web")
        #expect(environment["SVC_SERVICE_PORT"] == "mine")
    }

    @Test(
        "without a limit of its own a container is shown the pod's or the node's, except for huge pages",
        arguments: [
            (#""limits":{"cpu":"2"}"#, "{}", "limits.cpu", "2"), ("", "{}", "limits.cpu", "4"), (#""limits":{"cpu":"0"}"#, "{}", "limits.cpu", "4"),
            (#""limits":{"memory":"0"}"#, "{}", "limits.memory", "4096"), ("", "{}", "limits.ephemeral-storage", "8192"),
            ("", #"{"limits":{"memory":"1Ki"}}"#, "limits.memory", "1024"),
            ("", "{}", "limits.hugepages-2Mi", "0"), (#""limits":{"hugepages-2Mi":"2Mi"}"#, "{}", "limits.hugepages-2Mi", "2097152"),
            (#""limits":{"cpu":"2"}"#, "{}", "requests.cpu", "0"),
        ])
    func resourceFields(resources: String, podResources: String, field: String, value: String) throws {
        let pod = try PodLife.pod(#"{"resources":\#(podResources),"containers":[{"name":"c","image":"i","resources":{\#(resources)}}]}"#)
        let allocatable = ["cpu": "4", "memory": "4Ki", "ephemeral-storage": "8Ki", "hugepages-2Mi": "64Mi"].compactMapValues { Quantity($0) }
        let facts = PodFacts(pod: pod, nodeName: "n", hostIPs: [], podIPs: [], nodeAllocatable: allocatable)
        let selector = try decode(ResourceFieldSelector.self, #"{"resource":"\#(field)"}"#)
        #expect(try facts.resource(selector, ownContainer: "c") == value)
    }

    @Test(
        "a missing object is named as kubelet names it",
        arguments: [
            (#"{"configMapKeyRef":{"name":"none","key":"k"}}"#, #"configmap "none" not found"#),
            (#"{"configMapKeyRef":{"name":"m","key":"no"}}"#, "couldn't find key no in ConfigMap ns/m"),
            (#"{"secretKeyRef":{"name":"none","key":"k"}}"#, #"secret "none" not found"#),
            (#"{"fieldRef":{"fieldPath":"spec.bogus"}}"#, "unsupported fieldPath: spec.bogus"),
            (#"{"resourceFieldRef":{"resource":"limits.example.com/gpu"}}"#, "unsupported container resource : limits.example.com/gpu"),
        ])
    func missing(source: String, message: String) throws {
        let container = try decode(Container.self, #"{"name":"c","env":[{"name":"A","valueFrom":\#(source)}]}"#)
        let pod = Pod(metadata: ObjectMeta(name: "p", namespace: "ns"), spec: PodSpec(containers: [container]))
        let facts = PodFacts(pod: pod, nodeName: "n", hostIPs: [], podIPs: [], nodeAllocatable: [:])
        let objects = ReferencedObjects(configMaps: ["m": try decode(ConfigMap.self, #"{"metadata":{},"data":{"k":"v"}}"#)])
        #expect(throws: PlanFailure(message)) { try ContainerEnvironment(container: container, facts: facts, objects: objects, services: [:]) }
    }

    @Test("a pod's hosts file is kubelet's")
    func hosts() {
        let text = HostsFile.content(podIPs: ["10.0.0.2"], hostname: "web", domain: "sub.ns.svc.cluster.local", aliases: [])
        #expect(text.hasPrefix("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n"))
        #expect(text.hasSuffix("10.0.0.2\tweb.sub.ns.svc.cluster.local\tweb\n"))
    }

    @Test("DNS follows the policy and the limits")
    func dns() throws {
        let node = ResolverConfiguration.Node(
            clusterDNS: ["10.96.0.10"], clusterDomain: "cluster.local",
            host: ResolverConfiguration(parsing: "nameserver 9.9.9.9\nsearch corp.test.\n"))
        var pod = Pod(metadata: ObjectMeta(name: "p", namespace: "ns"), spec: PodSpec(containers: []))
        #expect(
            ResolverConfiguration.forPod(pod, node: node).0.text
                == "search ns.svc.cluster.local svc.cluster.local cluster.local corp.test\nnameserver 10.96.0.10\noptions ndots:5\n")
        pod.spec.hostNetwork = true
        #expect(ResolverConfiguration.forPod(pod, node: node).0.nameservers == ["9.9.9.9"])
        pod.spec.dnsPolicy = DNSPolicy.none
        pod.spec.dnsConfig = try decode(
            PodDNSConfig.self,
            #"{"nameservers":["1.1.1.1","2.2.2.2","3.3.3.3","4.4.4.4"],"searches":["a.b"],"options":[{"name":"ndots","value":"2"},{"name":"edns0"}]}"#
        )
        let (resolver, events) = ResolverConfiguration.forPod(pod, node: node)
        #expect(resolver.nameservers == ["1.1.1.1", "2.2.2.2", "3.3.3.3"])
        #expect(resolver.options == ["ndots:2", "edns0"])
        #expect(events.map(\.reason) == ["DNSConfigForming"])
        var bare = node
        bare.clusterDNS = []
        pod.spec.dnsConfig = nil
        pod.spec.dnsPolicy = .clusterFirstWithHostNet
        #expect(ResolverConfiguration.forPod(pod, node: bare).1.map(\.reason) == ["MissingClusterDNS"])
    }

    @Test(
        "a resolver file is read with all its options, the later of one name",
        arguments: [
            ("options ndots:2\noptions timeout:1\n", "options ndots:2 timeout:1\n"),
            ("options ndots:2 rotate\noptions ndots:3\n", "options rotate ndots:3\n"),
            ("nameserver 1.1.1.1\r\nsearch a.b. c\r\noptions ndots:2\r\n", "search a.b c\nnameserver 1.1.1.1\noptions ndots:2\n"),
            ("# a comment\n; another\nsearch a\n\tsearch b\nnameserver\n", "search b\n"),
        ])
    func resolverFile(text: String, expected: String) {
        #expect(ResolverConfiguration(parsing: text).text == expected)
    }

    @Test(
        "the quality of service follows requests and limits",
        arguments: [
            ("{}", QoSClass.bestEffort), (#"{"limits":{"cpu":"1","memory":"1Gi"}}"#, .guaranteed), (#"{"requests":{"cpu":"1"}}"#, .burstable),
            (#"{"limits":{"cpu":"1","memory":"1Gi"},"requests":{"cpu":"500m","memory":"1Gi"}}"#, .burstable),
            (#"{"limits":{"cpu":"1000m","memory":"1Gi"},"requests":{"cpu":"1","memory":"1024Mi"}}"#, .guaranteed),
        ])
    func qos(resources: String, expected: QoSClass) throws {
        let pod = try PodLife.pod(#"{"containers":[{"name":"c","image":"i","resources":\#(resources)}]}"#)
        #expect(pod.spec.qosClass == expected)
    }

    @Test("configMap items choose keys and modes, and a missing key is named")
    func volumeFiles() throws {
        let volume = try decode(
            Volume.self, #"{"name":"v","configMap":{"name":"m","defaultMode":420,"items":[{"key":"k","path":"d/f","mode":256}]}}"#)
        let missing = try decode(Volume.self, #"{"name":"v","configMap":{"name":"m","items":[{"key":"no","path":"f"}]}}"#)
        let objects = ReferencedObjects(configMaps: ["m": try decode(ConfigMap.self, #"{"metadata":{},"data":{"k":"v"},"binaryData":{"b":"AAE="}}"#)])
        let facts = PodFacts(pod: try PodLife.pod(#"{"containers":[]}"#), nodeName: "n", hostIPs: [], podIPs: [], nodeAllocatable: [:])
        let content = try VolumePlan.content(of: volume, facts: facts, objects: objects, tokens: [])
        #expect(content == .files(.configMap, [VolumeFile(path: "d/f", mode: 0o400, content: .text("v"))]))
        #expect(throws: PlanFailure("configmap references non-existent config key: no")) {
            try VolumePlan.content(of: missing, facts: facts, objects: objects, tokens: [])
        }
        #expect(throws: PlanFailure(#"configmap "m" not found"#)) {
            try VolumePlan.content(of: volume, facts: facts, objects: ReferencedObjects(), tokens: [])
        }
    }

    private func decode<T: Decodable>(_ type: T.Type, _ text: String) throws -> T {
        try JSONDecoder().decode(type, from: Data(text.utf8))
    }
}
