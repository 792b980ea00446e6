import FoundationEssentials
import KubeModel
import Testing

@Suite("Values of the API")
struct MetaTests {
    @Test("a value is a number or a string") func aNumberOrAString() throws {
        let values = try JSONDecoder().decode([IntOrString].self, from: Data(#"[80,"http","80"]"#.utf8))
        #expect(values == [.int(80), .string("http"), .string("80")])
        #expect(String(decoding: try JSONEncoder().encode(values), as: UTF8.self) == #"[80,"http","80"]"#)
        #expect(throws: DecodingError.self) { try JSONDecoder().decode([IntOrString].self, from: Data("[true]".utf8)) }
    }

    @Test(
        "watch events are read by type",
        arguments: [
            (#"{"type":"ADDED","object":{"metadata":{"name":"a"}}}"#, "added a"),
            (#"{"type":"MODIFIED","object":{"metadata":{"name":"a"}}}"#, "modified a"),
            (#"{"type":"DELETED","object":{"metadata":{"name":"a"}}}"#, "deleted a"),
            (#"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"7"}}}"#, "bookmark 7 false"),
            (
                #"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"8","annotations":{"k8s.io/initial-events-end":"true"}}}}"#,
                "bookmark 8 true"
            ),
            (
                #"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9","annotations":{"k8s.io/initial-events-end":"false"}}}}"#,
                "bookmark 9 false"
            ),
            (#"{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}"#, "error 410"),
        ])
    func watchEvent(line: String, wanted: String) throws {
        let event = try JSONDecoder().decode(WatchEvent<ConfigMap>.self, from: Data(line.utf8))
        let found =
            switch event {
            case .added(let object): "added \(object.name)"
            case .modified(let object): "modified \(object.name)"
            case .deleted(let object): "deleted \(object.name)"
            case .bookmark(let version, let isEnd): "bookmark \(version) \(isEnd)"
            case .error(let status): "error \(status.code ?? 0)"
            }
        #expect(found == wanted)
    }

    @Test(
        "a line that is not a watch event is refused", arguments: [#"{"type":"RENAMED","object":{}}"#, #"{"object":{}}"#, #"{"type":"ADDED"}"#, "[]"])
    func refusesWatchEvent(line: String) {
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(WatchEvent<ConfigMap>.self, from: Data(line.utf8)) }
    }
}
