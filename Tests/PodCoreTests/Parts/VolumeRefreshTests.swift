import KubeModel
import Testing
import Timing

@testable import PodCore

@Suite("Files in the volumes of a pod")
struct VolumeRefreshTests {
    private static let spec = #"""
        {"containers":[{"name":"c","image":"b","volumeMounts":[{"name":"v","mountPath":"/v"}]}],
         "volumes":[{"name":"v","projected":{"sources":[{"downwardAPI":{"items":[{"path":"l","fieldRef":{"fieldPath":"metadata.labels"}}]}}]}}]}
        """#

    private func refreshes(_ life: PodLife) -> Int { life.actions.count { $0 == .refreshVolumes } }

    private func relabelled(_ life: PodLife, _ change: (inout Pod) -> Void) -> PodEvent {
        var pod = life.machine.pod
        change(&pod)
        return .updated(pod)
    }

    @Test("they follow the labels and annotations of the pod, where they show them")
    func metadata() throws {
        var life = PodLife(try PodLife.pod(Self.spec))
        #expect(refreshes(life) == 0)
        life.receive(relabelled(life) { $0.metadata.labels = ["a": "b"] })
        #expect(refreshes(life) == 1)
        life.receive(relabelled(life) { $0.metadata.annotations = ["a": "b"] })
        #expect(refreshes(life) == 2)
        life.receive(relabelled(life) { $0.metadata.generation = 7 })
        #expect(refreshes(life) == 2)
        var other = PodLife(try PodLife.pod(Self.spec.replacing("projected", with: "emptyDir").replacing(#"sources":["#, with: #"x":["#)))
        other.receive(relabelled(other) { $0.metadata.labels = ["a": "b"] })
        #expect(refreshes(other) == 0)
    }

    @Test("a change while they are written leads to another update") func changeMeanwhile() throws {
        var life = PodLife(try PodLife.pod(Self.spec)) { action, life in action == .refreshVolumes ? nil : life.obey(action) }
        for _ in 0..<3 { life.receive(.objectsChanged) }
        #expect(refreshes(life) == 1)
        life.receive(.volumesRefreshed(next: nil))
        #expect(refreshes(life) == 2)
        life.receive(.volumesRefreshed(next: nil))
        #expect(refreshes(life) == 2)
    }

    @Test("a token is renewed when it is due, from its mount on, until nothing runs any more") func renewal() throws {
        var life = PodLife(try PodLife.pod(Self.spec)) { action, life in
            switch action {
            case .mountVolume(let name): .volumeMounted(name: name, path: "/v", renewAt: life.now.wall.advanced(bySeconds: 480))
            case .refreshVolumes: .volumesRefreshed(next: life.now.wall.advanced(bySeconds: 480))
            default: life.obey(action)
            }
        }
        life.pass(.seconds(479))
        #expect(refreshes(life) == 0)
        life.pass(.seconds(1))
        #expect(refreshes(life) == 1)
        life.receive(
            relabelled(life) {
                $0.metadata.deletionTimestamp = life.now.wall.advanced(bySeconds: 1000)
                $0.metadata.deletionGracePeriodSeconds = 1000
            })
        life.pass(.seconds(490))
        #expect(refreshes(life) == 2)
        life.exit("c", code: 0)
        life.pass(.seconds(5000))
        #expect(refreshes(life) == 2)
    }

    @Test("volumes are given back after the update under way has ended") func end() throws {
        var life = PodLife(try PodLife.pod(Self.spec)) { action, life in action == .refreshVolumes ? nil : life.obey(action) }
        life.receive(.objectsChanged)
        life.receive(relabelled(life) { $0.metadata.deletionTimestamp = life.now.wall })
        life.exit("c", code: 0)
        let isCleaned = { (life: PodLife) in life.actions.contains { if case .cleanUp = $0 { true } else { false } } }
        #expect(!isCleaned(life))
        life.receive(.volumesRefreshed(next: nil))
        #expect(isCleaned(life))
    }
}
