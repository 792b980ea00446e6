import Testing

@testable import NodeAgent

@Suite("Labels that a node gives itself")
struct NodeLabelsTests {
    @Test(
        "own labels and those that Kubernetes leaves to nodes are taken",
        arguments: [
            ("a", ""), ("disk", "ssd"), ("example.com/disk-type", "NVMe_1.0"), ("node.kubernetes.io/pool", "x"), ("a.b.kubelet.kubernetes.io/c", "x"),
            ("topology.kubernetes.io/zone", "z1"), ("node.kubernetes.io/instance-type", "big"), ("mykubernetes.io/a", "b"),
        ])
    func good(key: String, value: String) { #expect(NodeLabels.problem(key: key, value: value) == nil) }

    @Test(
        "labels that an API server would refuse are named with the reason",
        arguments: [
            ("node-role.kubernetes.io/worker", "", "of Kubernetes' own"), ("kubernetes.io/role", "x", "of Kubernetes' own"),
            ("x.k8s.io/a", "b", "of Kubernetes' own"), ("", "x", "wanted a name"), ("a b", "x", "wanted a name"), ("-a", "x", "wanted a name"),
            ("a/b/c", "x", "wanted a name"), ("/a", "x", "wanted a name"), ("Example.com/a", "x", "wanted a name"),
            ("a", "x y", "found the value"), ("a", "line\n", "found the value"), ("a", String(repeating: "x", count: 64), "found the value"),
            (String(repeating: "x", count: 64), "", "wanted a name"),
        ])
    func bad(key: String, value: String, words: String) {
        #expect(NodeLabels.problem(key: key, value: value)?.contains(words) == true)
    }

    @Test("the flag's labels are added to the file's, and win") func flag() throws {
        let file = "apiVersion: swiftlet.dev/v1alpha1\nkind: SwiftletConfiguration\nnodeLabels: {a: file, b: file}\n"
        var flags = FlagOverrides()
        flags.nodeLabels = "b=flag,c, d=x=y"
        #expect(throws: ConfigurationError.self) { try ConfigurationLoader.parse([("a.yaml", file)], flags: flags) }
        flags.nodeLabels = "b=flag,c, d=x"
        let configuration = try ConfigurationLoader.parse([("a.yaml", file)], flags: flags)
        #expect(configuration.swiftlet.nodeLabels == ["a": "file", "b": "flag", "c": "", "d": "x"])
        let error = #expect(throws: ConfigurationError.self) {
            try ConfigurationLoader.parse([("a.yaml", file.replacing("b: file", with: "kubernetes.io/b: x"))])
        }
        #expect(error?.place == "a.yaml:3" && error?.field == "nodeLabels")
    }
}
