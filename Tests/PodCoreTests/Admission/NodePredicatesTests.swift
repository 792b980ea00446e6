import KubeModel
import Testing

@testable import PodCore

@Suite("The scheduler's conditions on the node")
struct NodePredicatesTests {
    private func reasons(_ fields: String, taints: String = "[]", labels: [String: String] = [:], isStatic: Bool = false) throws -> [String] {
        var pod = try PodLife.pod(#"{"containers":[{"name":"c","image":"b"}]\#(fields)}"#)
        if isStatic { pod.metadata.annotations = [Pod.sourceAnnotation: "file"] }
        let node = try Place.node(allocatable: #"{"pods":"1"}"#, labels: labels, taints: taints)
        return NodePredicates(node: node, others: ActivePods()).failures(of: pod).map(\.refusal.message)
    }

    private static let evicting = #"[{"key":"gone","value":"yes","effect":"NoExecute"}]"#

    @Test(
        "a taint with NoExecute keeps pods away that do not tolerate it",
        arguments: [
            ("", false), (#"{"key":"gone","operator":"Exists"}"#, true), (#"{"operator":"Exists"}"#, true), (#"{"key":"gone","value":"yes"}"#, true),
            (#"{"key":"gone","operator":"Equal","value":"yes","effect":"NoExecute"}"#, true), (#"{"key":"gone","value":"no"}"#, false),
            (#"{"key":"gone"}"#, false), (#"{"key":"other","operator":"Exists"}"#, false),
            (#"{"key":"gone","operator":"Exists","effect":"NoSchedule"}"#, false), (#"{"value":"yes"}"#, true),
            (#"{"key":"gone","operator":"Gt","value":"1"}"#, false), (#"{"key":"gone","operator":"Exists","tolerationSeconds":0}"#, true),
        ])
    func tolerations(toleration: String, isTolerated: Bool) throws {
        let wanted = "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate"
        #expect(try reasons(#","tolerations":[\#(toleration)]"#, taints: Self.evicting) == (isTolerated ? [] : [wanted]))
    }

    @Test("taints of other effects do not count, and no taint keeps a static pod away")
    func otherTaints() throws {
        let taints = #"[{"key":"a","effect":"NoSchedule"},{"key":"b","effect":"PreferNoSchedule"}]"#
        #expect(try reasons("", taints: taints) == [])
        #expect(try reasons("", taints: Self.evicting, isStatic: true) == [])
    }

    @Test(
        "each condition has Kubernetes' words",
        arguments: [
            (#","nodeSelector":{"no":"such"}"#, "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector"),
            (#","nodeName":"node-2""#, "Predicate NodeName failed: node(s) didn't match the requested node name"),
        ])
    func words(fields: String, message: String) throws {
        #expect(try reasons(fields) == [message])
    }

    @Test("the node's operating system is known whatever its labels say")
    func operatingSystem() throws {
        #expect(try reasons(#","nodeSelector":{"kubernetes.io/os":"linux"}"#) == [])
        #expect(try reasons(#","nodeSelector":{"kubernetes.io/os":"linux"}"#, labels: ["kubernetes.io/os": "windows"]) == [])
        #expect(try reasons(#","nodeSelector":{"kubernetes.io/os":"windows"}"#, labels: ["kubernetes.io/os": "windows"]).count == 1)
    }
}
