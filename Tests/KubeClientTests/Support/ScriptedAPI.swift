import Synchronization

/// Hands out prepared answers to lists and watches, in order.
final class ScriptedAPI: Sendable {
    private struct State {
        var lists: [[ScriptedServer.Step]]
        var watches: [[ScriptedServer.Step]]
    }

    private let state: Mutex<State>

    init(lists: [[ScriptedServer.Step]], watches: [[ScriptedServer.Step]]) {
        state = Mutex(State(lists: lists, watches: watches))
    }

    /// When the answers are used up, lists fail and watches stay silent.
    func answer(_ request: ScriptedServer.Request) -> [ScriptedServer.Step] {
        state.withLock { state in
            if request.query["watch"] == "true" {
                return state.watches.isEmpty ? [.head(200, []), .hang] : state.watches.removeFirst()
            }
            return state.lists.isEmpty ? ScriptedServer.Step.failure(500, "InternalError", "no more lists") : state.lists.removeFirst()
        }
    }

    static func list(_ version: String, _ items: [String]) -> [ScriptedServer.Step] {
        ScriptedServer.Step.json(
            200, #"{"kind":"List","apiVersion":"v1","metadata":{"resourceVersion":"\#(version)"},"items":[\#(items.joined(separator: ","))]}"#)
    }

    static func configMap(_ name: String, _ version: Int, _ value: String = "x", immutable: Bool = false) -> String {
        #"{"metadata":{"name":"\#(name)","namespace":"ns","uid":"u-\#(name)","resourceVersion":"\#(version)"},"#
            + #""data":{"k":"\#(value)"}\#(immutable ? #","immutable":true"# : "")}"#
    }

    static func event(_ type: String, _ object: String) -> String { #"{"type":"\#(type)","object":\#(object)}"# + "\n" }

    static let head = ScriptedServer.Step.head(200, [("Content-Type", "application/json")])
}
