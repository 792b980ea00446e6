import FoundationEssentials
import KubeModel
import Logging

/// Objects as they cross the wire.
enum Wire {
    static func encode(_ value: some Encodable) throws -> JSONValue { try JSONParser.parse(JSONEncoder().encode(value)) }

    static func decode<Value: Decodable>(_ json: JSONValue) throws -> Value {
        try JSONDecoder().decode(Value.self, from: Data(json.description.utf8))
    }

    static func decode<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> Value {
        try JSONDecoder().decode(type, from: Data(text.utf8))
    }

    static func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }
}

extension Logger {
    static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}

/// Runs something that goes on until it is cancelled, as long as the body takes.
func whileRunning(_ service: @escaping @Sendable () async -> Void, _ body: () async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await service() }
        try await body()
        group.cancelAll()
    }
}
