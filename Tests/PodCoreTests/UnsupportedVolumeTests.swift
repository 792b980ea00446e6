import KubeModel
import PodCore
import TestSupport
import Testing

@Suite struct UnsupportedVolumeTests {
    @Test(
        "a volume of a kind that is not supported is refused by its name, and gitRepo never runs git (CVE-2024-10220, CVE-2025-1767)",
        arguments: ["gitRepo", "csi", "iscsi", "fc", "flexVolume"])
    func refused(kind: String) throws {
        let pod = try PodLife.pod(#"{"containers":[{"name":"c","image":"i"}],"volumes":[{"name":"v","\#(kind)":{"repository":"r"}}]}"#)
        let facts = PodFacts(pod: pod, nodeName: "n", hostIPs: [], podIPs: [], nodeAllocatable: [:])
        let volume = try #require(pod.spec.volumes?.first)
        let failure = #expect(throws: PlanFailure.self) {
            try VolumePlan.content(of: volume, facts: facts, objects: ReferencedObjects(), tokens: [])
        }
        #expect(failure?.message == "volume kind \(kind) is not supported by this node")
    }
}
