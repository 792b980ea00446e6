import KubeModel

extension JSONValue {
    /// Gives a member its default when it is missing or null.
    mutating func setDefault(_ key: String, _ value: JSONValue) {
        if self[key] == nil || self[key] == .null { self[key] = value }
    }

    /// Changes an object member in place; nothing happens when it is not there.
    mutating func edit(_ key: String, _ change: (inout JSONValue) -> Void) {
        guard var member = self[key], member.object != nil else { return }
        change(&member)
        self[key] = member
    }

    /// Changes each object in a list member.
    mutating func editEach(_ key: String, _ change: (inout JSONValue) -> Void) {
        guard var elements = self[key]?.array else { return }
        for index in elements.indices where elements[index].object != nil { change(&elements[index]) }
        self[key] = .array(elements)
    }

    mutating func append(_ element: JSONValue, to key: String) { self[key] = .array((self[key]?.array ?? []) + [element]) }

    /// Objects of a list member; empty when there is none.
    func list(_ key: String) -> [JSONValue] { self[key]?.array ?? [] }

    /// Text of a nested member; empty when there is none.
    func text(_ path: String...) -> String { self[path]?.string ?? "" }

    var metadata: JSONValue { self["metadata"] ?? .object([:]) }
    var name: String { text("metadata", "name") }
    var namespace: String { text("metadata", "namespace") }
    var uid: String { text("metadata", "uid") }
    var revision: Int64 { Int64(text("metadata", "resourceVersion")) ?? 0 }
    var isBeingDeleted: Bool { self["metadata", "deletionTimestamp"]?.string != nil }
    var labels: [String: String] { (self["metadata", "labels"]?.object ?? [:]).compactMapValues(\.string) }

    /// The condition of `status.conditions` with this type.
    func condition(_ type: String) -> JSONValue? { self["status"]?.list("conditions").first { $0["type"]?.string == type } }

    /// Drops members whose value is null, at every depth: a typed API object has no such members. Conditions keep `lastProbeTime`.
    func withoutNulls() -> JSONValue {
        switch self {
        case .object(let members):
            .object(members.filter { !$0.value.isNull || $0.key == "lastProbeTime" }.mapValues { $0.withoutNulls() })
        case .array(let elements): .array(elements.map { $0.withoutNulls() })
        default: self
        }
    }
}
