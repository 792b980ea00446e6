import KubeClient
import KubeModel
import PodCore
import TestSupport
import Testing

@testable import NodeAgent

@Suite("Mirror pods", .timeLimit(.minutes(1)))
struct MirrorPodsTests {
    private let time = ManualTime()
    private let index = MirrorIndex()

    private func pod(_ uid: String) throws -> StaticPod {
        try StaticManifestTests.pod(StaticManifestTests.text(metadata: ", uid: \(uid)"))
    }

    private func mirror(_ uid: String, of pod: StaticPod, deleting: Bool = false) throws -> Pod {
        var mirror: Pod = try Wire.decode(pod.mirror(nodeName: "node-1", nodeUID: "n1"))
        mirror.metadata.uid = uid
        if deleting { mirror.metadata.deletionTimestamp = Timestamp(seconds: 1_800_000_000) }
        return mirror
    }

    private func run(_ api: FakeMirrorPodAPI, node: String? = "n1", _ body: (MirrorPods) async throws -> Void) async throws {
        let mirrors = MirrorPods(api: api, nodeName: "node-1", index: index, time: time, logger: .silent)
        if let node { await mirrors.nodeChanged(uid: node) }
        try await whileRunning({ await mirrors.run() }) { try await body(mirrors) }
    }

    @Test("a mirror pod is owned by the node, has the hash of its static pod and no uid of its own")
    func object() throws {
        let object = try pod("a").mirror(nodeName: "node-1", nodeUID: "n1")
        #expect(object["metadata", "uid"] == nil)
        #expect(object["metadata", "annotations", "kubernetes.io/config.mirror"] == "a")
        #expect(
            object["metadata", "ownerReferences"] == [["apiVersion": "v1", "kind": "Node", "name": "node-1", "uid": "n1", "controller": true]])
        #expect(object["spec", "nodeName"] == "Node-1" && object["status"] == nil)
    }

    @Test("what there is to do follows from the static pod and the mirror pod")
    func steps() throws {
        let (wanted, other) = (try pod("a"), try pod("b"))
        #expect(MirrorStep(wanted: nil, mirror: nil) == nil)
        #expect(MirrorStep(wanted: wanted, mirror: nil) == .create(wanted))
        #expect(MirrorStep(wanted: wanted, mirror: try mirror("m", of: wanted)) == nil)
        #expect(MirrorStep(wanted: wanted, mirror: try mirror("m", of: other)) == .delete(uid: "m"))
        #expect(MirrorStep(wanted: wanted, mirror: try mirror("m", of: wanted, deleting: true)) == .delete(uid: "m"))
        #expect(MirrorStep(wanted: nil, mirror: try mirror("m", of: wanted)) == .delete(uid: "m"))
    }

    @Test("nothing is written before the node, the manifests and the API's pods are known")
    func gates() async throws {
        let api = FakeMirrorPodAPI()
        try await run(api, node: nil) { mirrors in
            await mirrors.receive(.stored(try mirror("m0", of: try pod("z"))))
            await mirrors.want([])
            await mirrors.listComplete()
            // The manifests are known: what no manifest asks for goes, without the node.
            await api.calls.wait(count: 1)
            await mirrors.want([try pod("a")])
            await mirrors.nodeChanged(uid: "n1")
            await api.calls.wait(count: 2)
        }
        #expect(api.texts == ["delete web-node-1 m0", "create web-node-1 a"])
        guard case .create(let object)? = api.calls.entries.last else { return }
        #expect(object["metadata", "ownerReferences"]?.array?.first?["uid"] == "n1")
    }

    @Test("a mirror pod that was deleted is made again")
    func deleted() async throws {
        let api = FakeMirrorPodAPI()
        let wanted = try pod("a")
        try await run(api) { mirrors in
            await mirrors.want([wanted])
            await mirrors.listComplete()
            await api.calls.wait(count: 1)
            await mirrors.receive(.stored(try mirror("m1", of: wanted)))
            #expect(index.identityInAPI(of: wanted.pod)?.uid == "m1" && index.uidOnNode("m1") == "a")
            // With grace, by a client: it has no containers to wait for.
            await mirrors.receive(.stored(try mirror("m1", of: wanted, deleting: true)))
            await api.calls.wait(count: 3)
            await mirrors.receive(.deleted(try mirror("m1", of: wanted)))
            #expect(index.identityInAPI(of: wanted.pod) == nil && index.uidOnNode("m1") == "m1")
        }
        #expect(api.texts == ["create web-node-1 a", "delete web-node-1 m1", "create web-node-1 a"])
    }

    @Test("a mirror pod of another version is replaced, and removed after its static pod")
    func replaced() async throws {
        let api = FakeMirrorPodAPI(failing: [.otherUID, nil, .notFound])
        let (old, new) = (try pod("a"), try pod("b"))
        try await run(api) { mirrors in
            await mirrors.receive(.stored(try mirror("m1", of: old)))
            await mirrors.want([new])
            await mirrors.listComplete()
            await api.calls.wait(count: 2)
            await mirrors.receive(.stored(try mirror("m2", of: new)))
            await mirrors.want([])
            await api.calls.wait(count: 3)
        }
        #expect(api.texts == ["delete web-node-1 m1", "create web-node-1 b", "delete web-node-1 m2"])
    }

    @Test("a failed step is repeated after growing pauses")
    func failures() async throws {
        let api = FakeMirrorPodAPI(failing: [.unavailable, .alreadyExists, nil])
        let wanted = try pod("a")
        try await run(api) { mirrors in
            await mirrors.want([wanted])
            await mirrors.listComplete()
            await time.waitForSleeper(until: .seconds(1))
            time.advance(by: .seconds(1))
            await time.waitForSleeper(until: .seconds(3))
            time.advance(by: .seconds(2))
            await api.calls.wait(count: 3)
        }
        #expect(api.texts == Array(repeating: "create web-node-1 a", count: 3))
    }

    @Test("a mirror pod that the watch never shows is made again")
    func lostCreation() async throws {
        let api = FakeMirrorPodAPI()
        let wanted = try pod("a")
        try await run(api) { mirrors in
            await mirrors.want([wanted])
            await mirrors.listComplete()
            await time.waitForSleeper(until: .seconds(1))
            time.advance(by: .seconds(1))
            await api.calls.wait(count: 2)
        }
    }

    @Test("a pod of the API has its own identity there")
    func ownIdentity() throws {
        let pod = NodeBench.pod(uid: "u1")
        #expect(index.identityInAPI(of: pod) == PodIdentity(namespace: "default", name: "web", uid: "u1"))
    }
}
