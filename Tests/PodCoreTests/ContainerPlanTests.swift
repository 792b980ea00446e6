import KubeModel
import Testing

@testable import PodCore

@Suite("Container plans")
struct ContainerPlanTests {
    @Test("a pod's own mount at a managed file's place wins, however it is written")
    func managedFiles() throws {
        let managed = ["/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/dev/termination-log"]
        #expect(try mounts("[]").map(\.destination) == managed)
        for path in ["/etc/hosts", "/etc//hosts", "/etc/./hosts/", "etc/hosts"] {
            let mounts = try mounts(#"[{"name":"v","mountPath":"\#(path)"}]"#)
            #expect(mounts.count == 4 && mounts.filter { $0.source == "/node/hosts" }.isEmpty, "\(path)")
        }
    }

    @Test("a read-only root has a read-only name and resolver, and still a hosts file as kubelet mounts it")
    func readOnly() throws {
        let mounts = try mounts("[]", #","securityContext":{"readOnlyRootFilesystem":true}"#)
        #expect(mounts.map(\.readOnly) == [false, true, true, false])
    }

    @Test("nothing is sent out of a user namespace")
    func propagation() throws {
        let mount = #"[{"name":"v","mountPath":"/x","mountPropagation":"Bidirectional"}]"#
        #expect(try mounts(mount).first?.propagation == .bidirectional)
        #expect(throws: PlanFailure.self) { try mounts(mount, spec: #","hostUsers":false"#) }
    }

    private func mounts(_ volumeMounts: String, _ fields: String = "", spec: String = "") throws -> [ContainerConfiguration.Mount] {
        let pod = try PodLife.pod(#"{"containers":[{"name":"c","image":"i","volumeMounts":\#(volumeMounts)\#(fields)}]\#(spec)}"#)
        let facts = PodFacts(pod: pod, nodeName: "n", hostIPs: [], podIPs: [], nodeAllocatable: [:])
        let container = pod.spec.containers[0]
        let environment = try ContainerEnvironment(container: container, facts: facts, objects: ReferencedObjects(), services: [:])
        let plan = ContainerPlan(
            id: "c1", restartCount: 0, image: PodLife.image, imageID: "", user: ImageUser(uid: 0, gid: 0), environment: environment, hostname: "p",
            volumePaths: ["v": "/v"], etcFiles: .init(hosts: "/node/hosts", hostname: "/node/hostname", resolvConf: "/node/resolv"),
            terminationMessageFile: "/node/message", log: .init(path: "/l"), seccompDefault: false, seccompRoot: "/s",
            resources: ResourceRules(nodeMemory: 1))
        return try plan.configuration(of: container, role: .regular, pod: pod).mounts
    }
}
