import KubeModel
import Testing

@testable import PodCore

@Suite("Nodes that a pod asks for")
struct NodeAffinityRulesTests {
    private func matches(_ fields: String) throws -> Bool {
        let pod = try PodLife.pod(#"{"containers":[{"name":"c","image":"b"}],\#(fields)}"#)
        return NodeAffinityRules(nodeName: "node-1", labels: ["disk": "ssd", "size": "10", "empty": ""]).match(pod.spec)
    }

    private func required(_ terms: String) -> String {
        #""affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[\#(terms)]}}}"#
    }

    private func expression(_ key: String, _ operation: String, _ values: String) -> String {
        #"{"key":"\#(key)","operator":"\#(operation)","values":\#(values)}"#
    }

    @Test(
        "each operator compares the label's value with the requirement's",
        arguments: [
            ("disk", "In", #"["hdd","ssd"]"#, true), ("disk", "In", #"["hdd"]"#, false), ("none", "In", #"["ssd"]"#, false),
            ("disk", "In", "[]", false),
            ("disk", "NotIn", #"["hdd"]"#, true), ("disk", "NotIn", #"["ssd"]"#, false), ("none", "NotIn", #"["ssd"]"#, true),
            ("none", "NotIn", "[]", false), ("disk", "Exists", "[]", true), ("empty", "Exists", "[]", true), ("none", "Exists", "[]", false),
            ("disk", "Exists", #"["ssd"]"#, false), ("none", "DoesNotExist", "[]", true), ("disk", "DoesNotExist", "[]", false),
            ("none", "DoesNotExist", #"["a"]"#, false), ("size", "Gt", #"["9"]"#, true), ("size", "Gt", #"["10"]"#, false),
            ("size", "Lt", #"["11"]"#, true), ("size", "Lt", #"["10"]"#, false), ("size", "Lt", #"["-1"]"#, false), ("disk", "Gt", #"["1"]"#, false),
            ("none", "Lt", #"["1"]"#, false), ("size", "Gt", #"["a"]"#, false), ("size", "Gt", #"["1","2"]"#, false),
            ("disk", "Near", #"["ssd"]"#, false),
        ])
    func operators(key: String, operation: String, values: String, isMatch: Bool) throws {
        #expect(try matches(required(#"{"matchExpressions":[\#(expression(key, operation, values))]}"#)) == isMatch)
    }

    @Test(
        "the node's name is its only field",
        arguments: [
            ("metadata.name", "In", #"["node-1"]"#, true), ("metadata.name", "In", #"["node-2"]"#, false),
            ("metadata.name", "NotIn", #"["node-2"]"#, true), ("metadata.name", "NotIn", #"["node-1"]"#, false),
            ("metadata.name", "In", #"["node-1","node-2"]"#, false), ("metadata.name", "Exists", "[]", false),
            ("metadata.uid", "In", #"["node-1"]"#, false), ("metadata.uid", "NotIn", #"["node-1"]"#, true),
        ])
    func fields(key: String, operation: String, values: String, isMatch: Bool) throws {
        #expect(try matches(required(#"{"matchFields":[\#(expression(key, operation, values))]}"#)) == isMatch)
    }

    @Test("one term is enough, with all of its requirements; an empty term matches no node, and neither do no terms")
    func terms() throws {
        let (yes, no) = (expression("disk", "Exists", "[]"), expression("none", "Exists", "[]"))
        let name = expression("metadata.name", "In", #"["node-1"]"#)
        #expect(try matches(required(#"{"matchExpressions":[\#(no)]},{"matchExpressions":[\#(yes)]}"#)))
        #expect(try !matches(required(#"{"matchExpressions":[\#(yes),\#(no)]}"#)))
        #expect(try matches(required(#"{"matchExpressions":[\#(yes)],"matchFields":[\#(name)]}"#)))
        #expect(try !matches(required(#"{"matchExpressions":[\#(no)],"matchFields":[\#(name)]}"#)))
        #expect(try !matches(required("{}")))
        #expect(try !matches(required("")))
        #expect(try matches(required(#"{},{"matchExpressions":[\#(yes)]}"#)))
    }

    @Test("the selector's labels and the required terms must both hold; preferences do not count")
    func selector() throws {
        let yes = required(#"{"matchExpressions":[\#(expression("disk", "Exists", "[]"))]}"#)
        #expect(try matches(#""nodeSelector":{"disk":"ssd","size":"10"}"#))
        #expect(try !matches(#""nodeSelector":{"disk":"ssd","size":"11"}"#))
        #expect(try !matches(#""nodeSelector":{"none":""}"#))
        #expect(try matches(#""nodeSelector":{"disk":"ssd"},\#(yes)"#))
        #expect(try !matches(#""nodeSelector":{"disk":"hdd"},\#(yes)"#))
        #expect(try matches(#""affinity":{"nodeAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[]}}"#))
    }
}
