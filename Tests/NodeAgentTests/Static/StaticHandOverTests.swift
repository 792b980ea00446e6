import KubeModel
import Testing

@testable import NodeAgent

@Suite("Hand-over of static pods")
struct StaticHandOverTests {
    private func pod(_ uid: String, name: String = "web", spec: String = "") throws -> StaticPod {
        try StaticManifestTests.pod(StaticManifestTests.text(metadata: ", uid: \(uid)", spec: spec, name: name))
    }

    @Test("a pod starts, goes on with its new version, and ends with its manifest")
    func life() throws {
        var handOver = StaticHandOver()
        let (first, second) = (try pod("a"), try pod("a", spec: ", hostNetwork: true"))
        #expect(handOver.receive([first]) == [.store(first.pod)])
        #expect(handOver.receive([first]).isEmpty)
        #expect(handOver.receive([second]) == [.store(second.pod)])
        #expect(handOver.receive([]) == [.end(second.pod)])
        #expect(handOver.receive([]).isEmpty)
        #expect(handOver.pods == [second] && handOver.isStatic("a"))
        #expect(handOver.gone("a").isEmpty)
        #expect(handOver.pods.isEmpty && !handOver.isStatic("a"))
    }

    @Test("a pod waits for the end of another with its name, and only the newest of those that wait starts")
    func equalNames() throws {
        var handOver = StaticHandOver()
        let (first, second, third) = (try pod("a"), try pod("b"), try pod("c"))
        _ = handOver.receive([first])
        #expect(handOver.receive([second]) == [.end(first.pod)])
        #expect(handOver.receive([third]).isEmpty)
        #expect(handOver.uid(of: first.pod.key) == "a")
        #expect(handOver.gone("a") == [.store(third.pod)])
        #expect(handOver.pods == [third])
    }

    @Test("a pod whose manifest comes back while it ends starts again afterwards")
    func comesBack() throws {
        var handOver = StaticHandOver()
        let first = try pod("a")
        _ = handOver.receive([first])
        _ = handOver.receive([])
        #expect(handOver.receive([first]).isEmpty)
        #expect(handOver.gone("a") == [.store(first.pod)])
    }

    @Test("a pod that is renamed and keeps its uid waits for itself")
    func renamed() throws {
        var handOver = StaticHandOver()
        let (first, second) = (try pod("a"), try pod("a", name: "other"))
        _ = handOver.receive([first])
        #expect(handOver.receive([second]) == [.end(first.pod)])
        #expect(handOver.gone("a") == [.store(second.pod)])
    }

    @Test("a pod waits for what an earlier agent ran under its name")
    func earlierAgent() throws {
        var handOver = StaticHandOver()
        let first = try pod("b")
        handOver.noteEnding("a", first.pod.key)
        #expect(handOver.receive([first]).isEmpty)
        // Nothing is shown of a pod whose manifest is not known.
        #expect(handOver.pods.isEmpty)
        #expect(handOver.gone("a") == [.store(first.pod)])
    }

    @Test("a pod whose name is free does not wait for the others")
    func others() throws {
        var handOver = StaticHandOver()
        let (first, other) = (try pod("a"), try pod("b", name: "other"))
        _ = handOver.receive([first])
        #expect(handOver.receive([other]) == [.end(first.pod), .store(other.pod)])
    }
}
