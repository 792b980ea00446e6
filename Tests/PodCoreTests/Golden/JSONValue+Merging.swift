import KubeModel

extension JSONValue {
    /// Returns this value with a change in it: objects take over members, lists the elements of other names, and `null` takes a member away.
    func merging(_ change: JSONValue) -> JSONValue {
        switch (self, change) {
        case (.object(let members), .object(let changes)):
            var result = members
            for (key, value) in changes { result[key] = value == .null ? nil : (result[key] ?? .null).merging(value) }
            return .object(result)
        case (.array(let elements), .array(let changes)) where (elements + changes).allSatisfy { $0.object?["name"] != nil }:
            var result = elements
            for change in changes {
                if let index = result.firstIndex(where: { $0.object?["name"] == change.object?["name"] }) {
                    result[index] = result[index].merging(change)
                } else {
                    result.append(change)
                }
            }
            return .array(result)
        default: return change
        }
    }
}
