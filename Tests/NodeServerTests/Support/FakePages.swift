import KubeModel
import PodCore

struct FakePages: NodePages {
    func metrics(_ page: MetricsPage) async -> [UInt8] { Array("page_info{page=\"\(page)\"} 1\n".utf8) }

    func configuration() async -> [UInt8] { Array("{\"kubeletconfig\":{}}".utf8) }

    func runningPods() async -> [Pod] {
        [Pod(metadata: ObjectMeta(name: "web", namespace: "default", uid: "u1"), spec: PodSpec(containers: [Container(name: "app", image: "i")]))]
    }
}
