import KubeModel

/// Collects what is wrong with an object, in Kubernetes' words.
struct FieldErrors {
    private(set) var causes: [APIError.Cause] = []

    mutating func required(_ field: String, _ detail: String = "") {
        add("FieldValueRequired", field, detail.isEmpty ? "Required value" : "Required value: \(detail)")
    }

    mutating func invalid(_ field: String, _ value: JSONValue?, _ detail: String) {
        add("FieldValueInvalid", field, "Invalid value: \((value ?? .null).description): \(detail)")
    }

    mutating func unsupported(_ field: String, _ value: JSONValue?, _ supported: [String]) {
        let list = supported.map { "\"\($0)\"" }.joined(separator: ", ")
        add("FieldValueNotSupported", field, "Unsupported value: \((value ?? .null).description): supported values: \(list)")
    }

    mutating func duplicate(_ field: String, _ value: String) { add("FieldValueDuplicate", field, "Duplicate value: \"\(value)\"") }

    mutating func forbidden(_ field: String, _ detail: String) { add("FieldValueForbidden", field, "Forbidden: \(detail)") }

    mutating func notFound(_ field: String, _ value: String) { add("FieldValueNotFound", field, "Not found: \"\(value)\"") }

    private mutating func add(_ reason: String, _ field: String, _ message: String) {
        causes.append(APIError.Cause(reason: reason, message: message, field: field))
    }

    func check(_ type: ResourceType, _ name: String) throws {
        if !causes.isEmpty { throw APIError.invalid(type, name, causes) }
    }
}
