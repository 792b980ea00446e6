import KubeModel
import Testing

@testable import PodCore

@Suite("Active pods")
struct ActivePodsTests {
    private func cpu(_ pods: ActivePods) -> Int128 { pods.used["cpu"] }

    @Test("a promise counts until its pod knows the answer, whatever the pod asks for meanwhile")
    func promise() {
        var pods = ActivePods([Place.pod("a", cpu: "1"), Place.pod("b", cpu: "1")])
        pods.promise(Place.pod("a", cpu: "3"))
        #expect(cpu(pods) == 4000)
        pods.add(Place.pod("a", cpu: "1"))
        #expect(cpu(pods) == 4000)
        pods.settle(Place.pod("a", cpu: "3"))
        #expect(cpu(pods) == 4000)
        pods.settle(Place.pod("a", cpu: "500m"))
        #expect(cpu(pods) == 1500)
    }

    @Test("a promise of less keeps the pod's room until the pod knows the answer")
    func shrinking() {
        var pods = ActivePods([Place.pod("a", cpu: "2")])
        pods.promise(Place.pod("a", cpu: "1"))
        #expect(cpu(pods) == 2000)
    }

    @Test("a pod that has left its place is promised nothing")
    func gone() {
        var pods = ActivePods()
        pods.promise(Place.pod("a", cpu: "3"))
        #expect(cpu(pods) == 0 && !pods.contains("a"))
    }
}
