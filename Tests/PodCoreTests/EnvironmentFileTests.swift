import KubeModel
import TestSupport
import Testing

@testable import PodCore

@Suite("Variables from files")
struct EnvironmentFileTests {
    @Test(
        "a value is found as kubelet finds it",
        arguments: [
            ("K='v'", "v"), ("K='v'\n", "v"), ("A='1'\nK='v'\nB='2'\n", "v"), ("  \tK='v'  # why\n", "v"),
            ("# K='no'\n\n \nK='v'\r\n", "v"),
            ("K='a\nb\n'\n", "a\nb\n"), ("K='$X \\n \"#'\n", "$X \\n \"#"), ("A='K=\n'\nK='v'", "v"), ("K='1'\nK='2'\n", "1"),
            ("K='v'\nnonsense\n", "v"), ("A= 'x'\nK='v'\n", "v"), ("K='a=b'\n", "a=b"),
            ("", nil), ("KK='v'\n", nil), ("K=''\n", nil), ("K= 'v'\n", nil),
        ])
    func value(text: String, expected: String?) throws {
        #expect(try EnvironmentFile.value(of: "K", in: Array(text.utf8)) == expected)
    }

    @Test(
        "a malformed line is named",
        arguments: [
            ("nonsense\nK='v'", "line 1: missing '='"), ("\n='v'", "line 2: empty variable name"),
            ("K ='v'", "line 1: whitespace before '=' is not allowed"),
            ("K=v", "line 1: value must be enclosed in single quotes"), ("K=", "line 1: value must be enclosed in single quotes"),
            ("K='v'x", "line 1: unexpected content after closing quote"), ("K='a\nb' x", "line 2: unexpected content after closing quote"),
            ("A='1'\nK='v\n\n", "line 2: unclosed single quote"), ("K='a\0b'", "line 1: value contains a NUL"),
        ])
    func malformed(text: String, problem: String) {
        #expect(throws: PlanFailure("invalid environment variable format at \(problem)")) {
            try EnvironmentFile.value(of: "K", in: Array(text.utf8))
        }
    }

    private func environment(_ text: String?, optional: Bool) throws -> ContainerEnvironment {
        let pod = try PodLife.pod(
            #"""
            {"volumes":[{"name":"v","emptyDir":{}},{"name":"host","hostPath":{"path":"/etc"}}],"containers":[{"name":"c","image":"i","env":[
              {"name":"A","valueFrom":{"fileKeyRef":{"volumeName":"v","path":"d/e","key":"K","optional":\#(optional)}}},{"name":"B","value":"<$(A)>"}]}]}
            """#)
        let container = pod.spec.containers[0]
        var files = EnvironmentFiles()
        for place in try EnvironmentFiles.places(of: container, in: pod.spec) { files[place] = text.map { Array($0.utf8) } }
        return try ContainerEnvironment(
            container: container, facts: PodFacts(pod: pod, nodeName: "n", hostIPs: [], podIPs: [], nodeAllocatable: [:]),
            objects: ReferencedObjects(), files: files, services: [:])
    }

    @Test("a variable has the file's value, also in later variables")
    func variable() throws {
        let environment = try environment("K='v'", optional: false)
        #expect(environment["A"] == "v" && environment["B"] == "<v>")
    }

    @Test("an optional variable is left out where its file or its key is missing; a malformed file is an error all the same")
    func optional() throws {
        for text in [nil, "OTHER='v'"] {
            #expect(try environment(text, optional: true).names == ["B"])
            #expect(throws: PlanFailure(#"environment variable key "K" not found in file "d/e" of volume "v""#)) {
                try environment(text, optional: false)
            }
        }
        let failure = PlanFailure(#"couldn't parse env file "d/e" of volume "v": invalid environment variable format at line 1: missing '='"#)
        #expect(throws: failure) { try environment("nonsense", optional: true) }
    }

    @Test("only files of emptyDir volumes are read", arguments: [("host", "must be an emptyDir"), ("none", "cannot find the volume")])
    func volumes(name: String, problem: String) throws {
        let pod = try PodLife.pod(
            #"""
            {"volumes":[{"name":"host","hostPath":{"path":"/etc"}}],"containers":[{"name":"c","image":"i","env":[
              {"name":"A","valueFrom":{"fileKeyRef":{"volumeName":"\#(name)","path":"shadow","key":"K"}}}]}]}
            """#)
        let error = #expect(throws: PlanFailure.self) { try EnvironmentFiles.places(of: pod.spec.containers[0], in: pod.spec) }
        #expect(error?.message.contains(problem) == true)
    }
}
