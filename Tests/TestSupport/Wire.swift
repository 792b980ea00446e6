import FoundationEssentials
package import KubeModel

/// Objects as they cross the wire.
package enum Wire {
    package static func encode(_ value: some Encodable) throws -> JSONValue { try JSONParser.parse(JSONEncoder().encode(value)) }

    package static func decode<Value: Decodable>(_ json: JSONValue) throws -> Value {
        try JSONDecoder().decode(Value.self, from: Data(json.description.utf8))
    }

    package static func decode<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> Value {
        try JSONDecoder().decode(type, from: Data(text.utf8))
    }

    package static func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }
}
