/// Any JSON document. It keeps fields that no typed model has, as stores and patches must.
package enum JSONValue: Sendable, Hashable {
    case object([String: JSONValue])
    case array([JSONValue])
    case string(String)
    case integer(Int64)
    case double(Double)
    case bool(Bool)
    case null
}

extension JSONValue {
    /// The members of an object; nil for anything else.
    package var object: [String: JSONValue]? { if case .object(let members) = self { members } else { nil } }
    /// The elements of an array; nil for anything else.
    package var array: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }
    package var string: String? { if case .string(let text) = self { text } else { nil } }
    /// A whole number, also one that was written with a fraction of zero.
    package var integer: Int64? {
        switch self {
        case .integer(let number): number
        case .double(let number): Int64(exactly: number)
        default: nil
        }
    }
    package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    package var isNull: Bool { self == .null }

    /// The kind of the value, for messages.
    package var typeName: String {
        switch self {
        case .object: "object"
        case .array: "array"
        case .string: "string"
        case .integer: "integer"
        case .double: "number"
        case .bool: "boolean"
        case .null: "null"
        }
    }

    /// A member of an object. Setting nil removes it; setting a member of a value that is not an object makes the value an object.
    package subscript(_ key: String) -> JSONValue? {
        get { if case .object(let members) = self { members[key] } else { nil } }
        set {
            guard case .object(var members) = self else {
                if let newValue { self = .object([key: newValue]) }
                return
            }
            self = .null  // the only reference goes away, so that the dictionary is changed in place
            members[key] = newValue
            self = .object(members)
        }
    }

    /// A member deep inside nested objects. Setting makes the objects on the way, removing does not.
    package subscript(_ path: [String]) -> JSONValue? {
        get {
            var value: JSONValue? = self
            for key in path { value = value?[key] }
            return value
        }
        set {
            guard let first = path.first else {
                if let newValue { self = newValue }
                return
            }
            if path.count == 1 {
                self[first] = newValue
                return
            }
            if newValue == nil, self[first] == nil { return }
            var child = self[first] ?? .object([:])
            child[Array(path.dropFirst())] = newValue
            self[first] = child
        }
    }

    /// `value["spec", "nodeName"]`: a member deep inside nested objects.
    package subscript(_ first: String, _ second: String, _ rest: String...) -> JSONValue? {
        get { self[[first, second] + rest] }
        set { self[[first, second] + rest] = newValue }
    }
}

// No nil literal: `value[key] = flag ? nil : other` would then store a null where a member was to be removed.
extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByFloatLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(floatLiteral value: Double) { self = .double(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    /// Of a key that is written twice the last counts, as in the parser.
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(Dictionary(elements, uniquingKeysWith: { $1 }))
    }
}
