import KubeModel
import PodCore
import Synchronization
import TestSupport
import Testing

@testable import NodeAgent

@Suite("Storage of pods", .timeLimit(.minutes(1)))
struct StorageActionTests {
    private let bench = NodeBench()

    private func pod(_ volume: JSONValue) throws -> Pod {
        let volume: Volume = try Wire.decode(volume)
        let mount: VolumeMount = try Wire.decode(["name": "data", "mountPath": "/data"])
        return NodeBench.pod {
            $0.spec.volumes = [volume]
            $0.spec.containers[0].volumeMounts = [mount]
        }
    }

    @Test("a container's storage is asked for again right before its start") func askedAgain() async throws {
        let pod = try pod(["name": "data", "nfs": ["server": "nas", "path": "/x"]])
        try await bench.run {
            bench.list([pod])
            await bench.statuses.wait { $0.contains { $0.contains("Running") } }
        }
        let did = bench.node.did.entries
        #expect(did.count { $0 == "mount data" } == 2)
        let start = try #require(did.firstIndex { $0.hasPrefix("start main") })
        #expect(did[start - 1] == "mount data")
    }

    @Test(
        "the group of a PersistentVolume's annotation is one of the container's, and what is no group counts for nothing", arguments: ["1234", "-1"])
    func storageGroup(annotation: String) async throws {
        let bound = #"{"claimRef":{"uid":"c1"},"local":{"path":"/disk"}}"#
        bench.node.state.withLock { state in
            state.claims["disk"] = try? BoundClaim(
                claim: Wire.decode(
                    PersistentVolumeClaim.self, #"{"metadata":{"name":"disk","uid":"c1"},"spec":{"volumeName":"pv"},"status":{"phase":"Bound"}}"#),
                volume: Wire.decode(
                    PersistentVolume.self,
                    #"{"metadata":{"name":"pv","annotations":{"pv.beta.kubernetes.io/gid":"\#(annotation)"}},"spec":\#(bound)}"#))
        }
        let pod = try pod(["name": "data", "persistentVolumeClaim": ["claimName": "disk"]])
        try await bench.run {
            bench.list([pod])
            await bench.statuses.wait { $0.contains { $0.contains("Running") } }
        }
        #expect(bench.node.state.withLock { $0.started.first?.process.additionalGids } == (annotation == "1234" ? [0, 1234] : [0]))
    }

    @Test("a pod whose claim does not exist waits and says so") func missingClaim() async throws {
        let pod = try pod(["name": "data", "persistentVolumeClaim": ["claimName": "disk"]])
        try await bench.run {
            bench.list([pod])
            await bench.node.did.wait { $0.contains { $0.hasPrefix("create sandbox") } }
            await bench.events.calls.wait { $0.contains { $0.text == "create FailedMount" } }
        }
        let message = bench.events.created.first { $0.reason == "FailedMount" }?.message ?? ""
        #expect(
            message.hasPrefix(#"MountVolume.SetUp failed for volume "data" : error processing PVC default/disk: failed to fetch PVC"#), "\(message)")
        #expect(!bench.node.did.entries.contains { $0.hasPrefix("mount") || $0.hasPrefix("start") })
    }
}
