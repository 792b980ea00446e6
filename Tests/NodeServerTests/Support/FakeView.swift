import KubeModel
import NodeServer
import PodCore

/// A node with one pod `web` in `default` that has the containers `app` (running), `waiting` and `ended`.
struct FakeView: NodeView, ProxyView {
    var checks: [HealthCheck] = [HealthCheck(name: "syncloop", problem: nil)]

    func pods() async -> [Pod] {
        var app = ContainerStatus(name: "app", image: "i", state: .running(since: Timestamp(seconds: 5)))
        app.containerID = "swiftlet://a"
        app.ready = true
        let waiting = ContainerStatus(name: "waiting", image: "i", state: .waiting(reason: "ImagePullBackOff"))
        let ended = ContainerStatus(name: "ended", image: "i", state: .terminated(.init(exitCode: 1, reason: "Error")))
        var status = PodStatus(phase: .running)
        status.containerStatuses = [app, waiting, ended]
        let spec = PodSpec(containers: ["app", "waiting", "ended", "unknown"].map { Container(name: $0, image: "i") })
        return [Pod(metadata: ObjectMeta(name: "web", namespace: "default", uid: "u1"), spec: spec, status: status)]
    }

    func container(_ name: String, ofPod pod: ObjectKey, uid: String?, previous: Bool) async throws(NodeViewFailure) -> ContainerLocation {
        guard pod == ObjectKey(namespace: "default", name: "web"), uid == nil || uid == "u1" else { throw NodeViewFailure(.notFound, "no such pod") }
        if name == "ended", !previous { return ContainerLocation(sandboxID: "s", containerID: "e", isRunning: false, logPath: "/ended") }
        guard name == "app" else { throw NodeViewFailure(.notReady, "not there yet") }
        guard !previous else { throw NodeViewFailure(.notFound, "no earlier one") }
        return ContainerLocation(sandboxID: "s", containerID: "a", isRunning: true, logPath: "/app")
    }

    func sandbox(ofPod pod: ObjectKey, uid: String?) async throws(NodeViewFailure) -> String {
        guard pod == ObjectKey(namespace: "default", name: "web"), uid == nil || uid == "u1" else { throw NodeViewFailure(.notFound, "no such pod") }
        return "s"
    }

    func health() async -> [HealthCheck] { checks }

    func node() async -> Node? { nil }

    func summary() async -> NodeSummary {
        NodeSummary(
            nodeName: "n1", version: "0.1", isReady: true, readyMessage: "", apiServer: "https://api:6443", apiServerLastContact: 3,
            podsByPhase: ["Running": 1], podCIDRs: ["10.1.0.0/24"], startedAt: Timestamp(seconds: 100))
    }

    func explanation(of service: ObjectKey, port: String?, from client: String?) async -> String? {
        service.name == "web" ? "\(service) \(port ?? "-") \(client ?? "-")\n" : nil
    }

    func rules() async -> String { "table ip swiftlet {\n}\n" }

    func snapshot() async -> ProxySnapshot {
        ProxySnapshot(
            lastSync: Timestamp(seconds: 90), problem: nil,
            frontends: [
                .init(
                    namespace: "default", service: "web", portName: "http", kind: "ClusterIP", protocol: "TCP", address: "10.96.0.10", port: 80,
                    endpoints: ["10.1.0.2:8080"])
            ])
    }
}
