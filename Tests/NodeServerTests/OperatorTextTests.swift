import KubeModel
import NodeServer
import PodCore
import Testing

/// The texts that the operator's commands print.
@Suite struct OperatorTextTests {
    private let view = FakeView()

    private func pod(
        _ name: String, namespace: String = "default", statuses: [ContainerStatus] = [], initStatuses: [ContainerStatus] = [],
        phase: PodPhase = .pending
    ) -> Pod {
        var status = PodStatus(phase: phase)
        status.containerStatuses = statuses
        status.initContainerStatuses = initStatuses
        var spec = PodSpec(containers: [Container(name: "a", image: "i"), Container(name: "b", image: "i")])
        spec.initContainers = initStatuses.map { Container(name: $0.name, image: "i") }
        return Pod(metadata: ObjectMeta(name: name, namespace: namespace, uid: "u"), spec: spec, status: status)
    }

    private func status(_ pod: Pod) -> String {
        let lines = PodTable.text([pod], wide: false, now: Timestamp(seconds: 0)).split(separator: "\n")
        return lines[1].split(separator: " ").map(String.init)[3]
    }

    @Test(
        "an age is short",
        arguments: [
            (-5, "0s"), (119, "119s"), (120, "2m"), (185, "3m5s"), (600, "10m"), (10_800, "3h"), (12_000, "3h20m"), (30_000, "8h"), (172_800, "2d"),
            (180_000, "2d2h"), (800_000, "9d"),
        ] as [(Int64, String)])
    func ages(seconds: Int64, text: String) { #expect(TimeText.age(seconds: seconds) == text) }

    @Test(
        "a length of time has a unit for each number",
        arguments: [
            ("90s", 90), ("5m", 300), ("1h30m", 5400), ("2d", 172_800), ("", nil), ("5", nil), ("s", nil), ("5x", nil), ("0s", nil),
            ("99999999999999999999s", nil),
        ] as [(String, Int64?)])
    func seconds(text: String, seconds: Int64?) { #expect(TimeText.seconds(text) == seconds) }

    @Test("a pod's status is its most telling container's") func podStatus() {
        let running = ContainerStatus(name: "a", image: "i", state: .running(since: Timestamp(seconds: 5)))
        let waiting = ContainerStatus(name: "b", image: "i", state: .waiting(reason: "ImagePullBackOff"))
        let ended = ContainerStatus(name: "b", image: "i", state: .terminated(.init(exitCode: 3, reason: "")))
        #expect(status(pod("p", statuses: [running, waiting])) == "ImagePullBackOff")
        #expect(status(pod("p", statuses: [running, ended], phase: .running)) == "Running")
        #expect(status(pod("p", statuses: [ended], phase: .failed)) == "ExitCode:3")
        #expect(status(pod("p", initStatuses: [ended])) == "Init:ExitCode:3")
        #expect(status(pod("p", initStatuses: [running])) == "Init:0/1")
        #expect(status(pod("p")) == "Pending")
        var deleted = pod("p", statuses: [running], phase: .running)
        deleted.metadata.deletionTimestamp = Timestamp(seconds: 1)
        #expect(status(deleted) == "Terminating")
    }

    @Test("columns are aligned, and the wide table has more") func podTable() async {
        let pods = await view.pods() + [pod("long-name")]
        #expect(
            PodTable.text(pods, wide: false, now: Timestamp(seconds: 0)) == """
                NAMESPACE   NAME        READY   STATUS             RESTARTS   AGE
                default     web         1/4     ImagePullBackOff   0          <unknown>
                default     long-name   0/2     Pending            0          <unknown>

                """)
        #expect(PodTable.text(pods, wide: true, now: Timestamp(seconds: 0)).contains("<none>   app,waiting,ended,unknown   u1\n"))
    }

    @Test("frontends and endpoints of Services are a line each") func proxyTable() async {
        var snapshot = await view.snapshot()
        snapshot.frontends.append(
            .init(namespace: "a", service: "s", portName: "", kind: "NodePort", protocol: "UDP", address: "", port: 30000, endpoints: []))
        snapshot.frontends.append(
            .init(namespace: "b", service: "s", portName: "", kind: "ClusterIP", protocol: "TCP", address: "fd00::1", port: 1, endpoints: []))
        let lines = ProxyTable.text(snapshot, now: Timestamp(seconds: 100)).split(separator: "\n")
        #expect(lines[1].hasPrefix("a ") && lines[1].contains("UDP *:30000") && lines[1].hasSuffix("<none>"))
        #expect(lines[2].contains("TCP [fd00::1]:1"))
        #expect(lines[3].contains("TCP 10.96.0.10:80   10.1.0.2:8080"))
        #expect(lines[4] == "3 frontends, last written to the kernel: 10s ago")
    }

    @Test("the node's state and its checks are a line each") func statusTable() async {
        var summary = await view.summary()
        let healthy = StatusTable.text(summary, [HealthCheck(name: "syncloop", problem: nil)], now: Timestamp(seconds: 160))
        #expect(healthy.contains("Ready:            yes\n") && healthy.contains("(last answered 3s ago)") && healthy.contains("1 Running"))
        #expect(healthy.contains("Running for:      60s\n") && healthy.hasSuffix("Check syncloop:   ok\n"))
        summary.isReady = false
        summary.readyMessage = "no network"
        summary.apiServerLastContact = nil
        let ill = StatusTable.text(summary, [HealthCheck(name: "syncloop", problem: "stands still")], now: Timestamp(seconds: 160))
        #expect(ill.contains("no (no network)") && ill.contains("has not answered yet") && ill.hasSuffix("Check syncloop:   stands still\n"))
    }

    @Test("the container is the named one, the pod's default one, or its first") func choice() throws {
        var chosen = pod("p")
        #expect(try PodChoice.address("p", namespace: nil, container: nil, among: [chosen]).container == "a")
        chosen.metadata.annotations = ["kubectl.kubernetes.io/default-container": "b"]
        #expect(try PodChoice.address("p", namespace: nil, container: nil, among: [chosen]).container == "b")
        #expect(try PodChoice.address("p", namespace: "default", container: "a", among: [chosen]).container == "a")
    }

    @Test("a name that stands for no container or for several is refused with the choices") func refusedChoice() {
        let pods = [pod("p"), pod("p", namespace: "other")]
        let refusals: [(namespace: String?, container: String?, name: String, words: String)] = [
            (nil, nil, "q", "no pod q on this node"), ("default", nil, "q", "no pod q in namespace default"),
            (nil, nil, "p", "several namespaces (default, other)"), ("other", "c", "p", "there are a, b"),
        ]
        for refusal in refusals {
            let error = #expect(throws: PodChoice.Refusal.self) {
                try PodChoice.address(refusal.name, namespace: refusal.namespace, container: refusal.container, among: pods)
            }
            #expect(error?.description.contains(refusal.words) == true)
        }
    }
}
