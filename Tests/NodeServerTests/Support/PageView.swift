import KubeModel
import NodeServer
import PodCore

/// A node with any pods and Services, for the node page.
struct PageView: NodeView, NodeServices {
    var items: [Pod] = []
    var object: Node?
    var serviceList: [ServiceList.Service] = []
    var startedAt = Timestamp(seconds: 100)

    func pods() async -> [Pod] { items }

    func node() async -> Node? { object }

    func container(_ name: String, ofPod pod: ObjectKey, uid: String?, previous: Bool) async throws(NodeViewFailure) -> ContainerLocation {
        throw NodeViewFailure(.notFound, "no such pod")
    }

    func sandbox(ofPod pod: ObjectKey, uid: String?) async throws(NodeViewFailure) -> String { throw NodeViewFailure(.notFound, "no such pod") }

    func health() async -> [HealthCheck] { [] }

    func summary() async -> NodeSummary {
        NodeSummary(
            nodeName: "n1", version: "0.1", isReady: true, readyMessage: "ready", apiServer: "https://api:6443", apiServerLastContact: 3.7,
            podsByPhase: [:], podCIDRs: ["10.1.0.0/24"], startedAt: startedAt)
    }

    func services(matching text: String, limit: Int) async -> ServiceList {
        let found = serviceList.filter { text.isEmpty || $0.key.description.contains(text) }
        return ServiceList(
            lastSync: Timestamp(seconds: 90), problem: nil, total: serviceList.count, matching: found.count, first: Array(found.prefix(limit)))
    }

    static func pod(_ name: String, _ phase: PodPhase, _ containers: [ContainerStatus] = [], namespace: String = "default") -> Pod {
        var status = PodStatus(phase: phase)
        status.containerStatuses = containers
        status.podIPs = [AddressEntry(ip: "10.1.0.9")]
        let isReady = !containers.isEmpty && containers.allSatisfy(\.ready)
        status.conditions = [PodCondition(type: "Ready", status: isReady, message: isReady ? nil : "containers with unready status: [c]")]
        var pod = Pod(
            metadata: ObjectMeta(name: name, namespace: namespace, uid: "uid-" + name), spec: PodSpec(containers: [Container(name: "c", image: "i")]),
            status: status)
        pod.metadata.creationTimestamp = Timestamp(seconds: 500)
        return pod
    }

    static func container(_ state: ContainerState, ready: Bool = false, restarts: Int = 0, last: ContainerState? = nil) -> ContainerStatus {
        var status = ContainerStatus(name: "c", image: "i", state: state)
        status.ready = ready
        status.restartCount = restarts
        if let last { status.lastState = last }
        return status
    }

    static func service(_ name: String, endpoints: Int, ports: Int = 1) -> ServiceList.Service {
        let shown = (0..<min(endpoints, ServiceList.longestList)).map { "10.1.0.\($0):8080" }
        return ServiceList.Service(
            key: ObjectKey(namespace: "default", name: name),
            ports: (0..<ports).map {
                ServiceList.Port(
                    name: "p\($0) TCP 80", addresses: ["ClusterIP 10.96.0.1:80"], addressCount: 1, endpoints: shown, endpointCount: endpoints)
            })
    }
}
