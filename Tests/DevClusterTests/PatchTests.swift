import DevCluster
import KubeModel
import Testing

@Suite("Patches")
struct PatchTests {
    /// From RFC 7386, appendix A.
    @Test(
        "merge patches follow RFC 7386",
        arguments: [
            (#"{"a":"b"}"#, #"{"a":"c"}"#, #"{"a":"c"}"#), (#"{"a":"b"}"#, #"{"b":"c"}"#, #"{"a":"b","b":"c"}"#),
            (#"{"a":"b"}"#, #"{"a":null}"#, "{}"),
            (#"{"a":"b","b":"c"}"#, #"{"a":null}"#, #"{"b":"c"}"#), (#"{"a":["b"]}"#, #"{"a":"c"}"#, #"{"a":"c"}"#),
            (#"{"a":{"b":"c"}}"#, #"{"a":{"b":"d","c":null}}"#, #"{"a":{"b":"d"}}"#), (#"{"a":[{"b":"c"}]}"#, #"{"a":[1]}"#, #"{"a":[1]}"#),
            (#"["a","b"]"#, #"["c","d"]"#, #"["c","d"]"#), (#"{"a":"foo"}"#, "null", "null"), (#"{"e":null}"#, #"{"a":1}"#, #"{"a":1,"e":null}"#),
            ("[1,2]", #"{"a":"b","c":null}"#, #"{"a":"b"}"#), ("{}", #"{"a":{"bb":{"ccc":null}}}"#, #"{"a":{"bb":{}}}"#),
        ])
    func mergePatch(target: String, patch: String, wanted: String) throws {
        #expect(MergePatch.apply(try JSONParser.parse(patch), to: try JSONParser.parse(target)).description == wanted)
    }

    @Test(
        "JSON patches follow RFC 6902",
        arguments: [
            (#"{"a":1}"#, #"[{"op":"add","path":"/b","value":2}]"#, #"{"a":1,"b":2}"#),
            (#"{"a":[1,3]}"#, #"[{"op":"add","path":"/a/1","value":2},{"op":"add","path":"/a/-","value":4}]"#, #"{"a":[1,2,3,4]}"#),
            (#"{"a":[1,2]}"#, #"[{"op":"remove","path":"/a/0"}]"#, #"{"a":[2]}"#),
            (#"{"a":{"b":1}}"#, #"[{"op":"move","from":"/a/b","path":"/c"}]"#, #"{"a":{},"c":1}"#),
            (#"{"a":1}"#, #"[{"op":"copy","from":"/a","path":"/b"},{"op":"test","path":"/b","value":1}]"#, #"{"a":1,"b":1}"#),
            (#"{"a/b":1,"~":2}"#, #"[{"op":"replace","path":"/a~1b","value":3},{"op":"replace","path":"/~0","value":4}]"#, #"{"a/b":3,"~":4}"#),
            (#"{"a":1}"#, #"[{"op":"replace","path":"","value":{"x":1}}]"#, #"{"x":1}"#),
        ])
    func jsonPatch(target: String, patch: String, wanted: String) throws {
        #expect(try JSONPatch.apply(try JSONParser.parse(patch), to: try JSONParser.parse(target)).description == wanted)
    }

    @Test(
        "a JSON patch that does not fit is refused",
        arguments: [
            (#"[{"op":"remove","path":"/x"}]"#, PatchError.Code.noSuchPath), (#"[{"op":"replace","path":"/x","value":1}]"#, .noSuchPath),
            (#"[{"op":"add","path":"/x/y","value":1}]"#, .noSuchPath), (#"[{"op":"add","path":"/l/3","value":1}]"#, .noSuchPath),
            (#"[{"op":"add","path":"/l/01","value":1}]"#, .malformed), (#"[{"op":"test","path":"/a","value":2}]"#, .testFailed),
            (#"[{"op":"frobnicate","path":"/a"}]"#, .malformed), (#"[{"path":"/a"}]"#, .malformed), (#"{"op":"add"}"#, .malformed),
            (#"[{"op":"add","path":"a","value":1}]"#, .malformed), (#"[{"op":"add","path":"/a"}]"#, .malformed),
            (#"[{"op":"move","from":"/o","path":"/o/p"}]"#, .malformed), (#"[{"op":"remove","path":""}]"#, .malformed),
        ])
    func refusesJSONPatch(patch: String, code: PatchError.Code) throws {
        let target: JSONValue = ["a": 1, "l": [1, 2], "o": ["q": 1]]
        let patch = try JSONParser.parse(patch)
        let error = #expect(throws: PatchError.self) { try JSONPatch.apply(patch, to: target) }
        #expect(error?.code == code)
    }

    @Test(
        "strategic patches merge the lists of pods by key",
        arguments: [
            // Lists merge by their key, new elements go to the end.
            (
                #"{"spec":{"containers":[{"name":"a","image":"1"},{"name":"b"}]}}"#,
                #"{"spec":{"containers":[{"name":"a","image":"2"},{"name":"c"}]}}"#,
                #"{"spec":{"containers":[{"image":"2","name":"a"},{"name":"b"},{"name":"c"}]}}"#
            ),
            (
                #"{"spec":{"containers":[{"name":"a"},{"name":"b"}]}}"#, #"{"spec":{"containers":[{"name":"a","$patch":"delete"}]}}"#,
                #"{"spec":{"containers":[{"name":"b"}]}}"#
            ),
            (
                #"{"spec":{"containers":[{"name":"a"},{"name":"b"}]}}"#, #"{"spec":{"containers":[{"name":"c"},{"$patch":"replace"}]}}"#,
                #"{"spec":{"containers":[{"name":"c"}]}}"#
            ),
            (
                #"{"spec":{"containers":[{"name":"a"}]}}"#,
                #"{"spec":{"$setElementOrder/containers":[{"name":"b"},{"name":"a"}],"containers":[{"name":"b"}]}}"#,
                #"{"spec":{"containers":[{"name":"b"},{"name":"a"}]}}"#
            ),
            // Nested merge keys.
            (
                #"{"spec":{"containers":[{"name":"a","env":[{"name":"X","value":"1"}],"ports":[{"containerPort":80}]}]}}"#,
                #"{"spec":{"containers":[{"name":"a","env":[{"name":"Y","value":"2"}],"ports":[{"containerPort":80,"name":"web"}]}]}}"#,
                #"{"spec":{"containers":[{"env":[{"name":"X","value":"1"},{"name":"Y","value":"2"}],"name":"a","ports":[{"containerPort":80,"name":"web"}]}]}}"#
            ),
            // Atomic lists are replaced.
            (#"{"spec":{"tolerations":[{"key":"a"}]}}"#, #"{"spec":{"tolerations":[{"key":"b"}]}}"#, #"{"spec":{"tolerations":[{"key":"b"}]}}"#),
            (
                #"{"status":{"containerStatuses":[{"name":"a"},{"name":"b"}]}}"#, #"{"status":{"containerStatuses":[{"name":"a","ready":true}]}}"#,
                #"{"status":{"containerStatuses":[{"name":"a","ready":true}]}}"#
            ),
            // retainKeys: another volume source replaces the first.
            (
                #"{"spec":{"volumes":[{"name":"v","emptyDir":{}}]}}"#,
                #"{"spec":{"volumes":[{"name":"v","hostPath":{"path":"/x"},"$retainKeys":["name","hostPath"]}]}}"#,
                #"{"spec":{"volumes":[{"hostPath":{"path":"/x"},"name":"v"}]}}"#
            ),
            // Primitive sets.
            (
                #"{"metadata":{"finalizers":["a","b"]}}"#, #"{"metadata":{"$deleteFromPrimitiveList/finalizers":["a"],"finalizers":["c","b"]}}"#,
                #"{"metadata":{"finalizers":["b","c"]}}"#
            ),
            // Null removes; directives do not stay.
            (#"{"spec":{"a":1}}"#, #"{"spec":{"a":null,"b":{"$patch":"replace","c":1,"d":null}}}"#, #"{"spec":{"b":{"c":1,"d":null}}}"#),
            (#"{"spec":{"a":{"x":1}}}"#, #"{"spec":{"a":{"$patch":"delete"}}}"#, #"{"spec":{"a":{}}}"#),
            (
                #"{"status":{"conditions":[{"type":"A","status":"True"}],"podIPs":[{"ip":"1"}]}}"#,
                #"{"status":{"conditions":[{"type":"B","status":"False"}],"podIPs":[{"ip":"2"},{"ip":"1","$patch":"delete"}]}}"#,
                #"{"status":{"conditions":[{"status":"True","type":"A"},{"status":"False","type":"B"}],"podIPs":[{"ip":"2"}]}}"#
            ),
        ])
    func strategicPatchOfPods(target: String, patch: String, wanted: String) throws {
        let result = try StrategicMergePatch.apply(try JSONParser.parse(patch), to: try JSONParser.parse(target), kind: "Pod")
        #expect(result.description == wanted)
    }

    @Test("ports of Services merge by port") func servicePortsMergeByPort() throws {
        let result = try StrategicMergePatch.apply(
            ["spec": ["ports": [["port": 80, "name": "web"]]]], to: ["spec": ["ports": [["port": 80], ["port": 81]]]], kind: "Service")
        #expect(result == ["spec": ["ports": [["port": 80, "name": "web"], ["port": 81]]]])
    }

    @Test("lists of unknown kinds are replaced") func unknownKindsReplaceLists() throws {
        let result = try StrategicMergePatch.apply(["spec": ["ports": [["port": 1]]]], to: ["spec": ["ports": [["port": 2]]]], kind: "Widget")
        #expect(result == ["spec": ["ports": [["port": 1]]]])
    }

    @Test(
        "a strategic patch that does not fit is refused",
        arguments: [
            (#"{"spec":{"containers":[{"image":"x"}]}}"#, PatchError.Code.missingMergeKey), (#"{"spec":{"containers":["x"]}}"#, .malformed),
            ("[]", .malformed),
            (#"{"spec":{"$patch":"frob"}}"#, .malformed), (#"{"spec":{"volumes":[{"name":"v","x":{},"$retainKeys":["name"]}]}}"#, .malformed),
        ])
    func refusesStrategicPatch(patch: String, code: PatchError.Code) throws {
        let patch = try JSONParser.parse(patch)
        let error = #expect(throws: PatchError.self) { try StrategicMergePatch.apply(patch, to: ["spec": ["containers": []]], kind: "Pod") }
        #expect(error?.code == code)
    }

    /// `$setElementOrder`: the server's own elements keep their place among the client's.
    @Test("an order from the client keeps the server's own elements in place") func orderKeepsServersOwnElements() throws {
        let target: JSONValue = ["spec": ["containers": [["name": "a"], ["name": "s"], ["name": "b"]]]]
        let patch: JSONValue = [
            "spec": ["$setElementOrder/containers": [["name": "a"], ["name": "b"], ["name": "c"]], "containers": [["name": "c"]]]
        ]
        let names = try StrategicMergePatch.apply(patch, to: target, kind: "Pod")["spec", "containers"]?.array?.compactMap { $0["name"]?.string }
        #expect(names == ["a", "s", "b", "c"])
    }

    @Test("applying a patch twice changes nothing more") func applyingTwiceChangesNothingMore() throws {
        let patch: JSONValue = ["metadata": ["labels": ["a": "b"]], "spec": ["containers": [["name": "x", "env": [["name": "E", "value": "1"]]]]]]
        let once = try StrategicMergePatch.apply(patch, to: ["spec": ["containers": [["name": "y"]]]], kind: "Pod")
        #expect(try StrategicMergePatch.apply(patch, to: once, kind: "Pod") == once)
    }
}
