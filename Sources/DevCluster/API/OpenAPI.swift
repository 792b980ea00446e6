import KubeModel

/// As much of an OpenAPI description as kubectl needs: which kinds there are, and that the server itself validates fields
/// (so that `kubectl apply` does not ask for full schemas). Fields below the top level are not described.
enum OpenAPI {
    private static func root(_ group: String) -> String { group.isEmpty ? "api/v1" : "apis/\(group)/v1" }

    static let index: JSONValue = [
        "paths": .object(
            Dictionary(
                ResourceType.all.map { (root($0.group), ["serverRelativeURL": .string("/openapi/v3/\(root($0.group))")] as JSONValue) },
                uniquingKeysWith: { first, _ in first }))
    ]

    private static func schemaName(_ type: ResourceType) -> String {
        let package = type.group.isEmpty ? "core" : String(type.group.split(separator: ".").first ?? "")
        return "io.k8s.api.\(package).v1.\(type.kind)"
    }

    private static func kindOf(_ type: ResourceType) -> JSONValue { ["group": .string(type.group), "version": "v1", "kind": .string(type.kind)] }

    private static func schema(_ type: ResourceType) -> JSONValue {
        let anything: JSONValue = ["type": "object", "x-kubernetes-preserve-unknown-fields": true]
        return [
            "description": .string("\(type.kind), kept as it is sent: swiftlet-devcluster does not describe its fields."), "type": "object",
            "properties": [
                "apiVersion": ["type": "string"], "kind": ["type": "string"], "metadata": anything, "spec": anything, "status": anything,
            ],
            "x-kubernetes-preserve-unknown-fields": true, "x-kubernetes-group-version-kind": [kindOf(type)],
        ]
    }

    /// One group version; nil when it is not served.
    static func document(_ path: String) -> JSONValue? {
        let types = ResourceType.all.filter { root($0.group) == path }
        guard !types.isEmpty else { return nil }
        var paths: [String: JSONValue] = [:]
        for type in types {
            let parameters: JSONValue = .array(
                ["dryRun", "fieldManager", "fieldValidation"].map { ["name": .string($0), "in": "query", "schema": ["type": "string"]] })
            let operation: JSONValue = [
                "parameters": parameters, "responses": ["200": ["description": "OK"]], "x-kubernetes-group-version-kind": kindOf(type),
            ]
            let collection = "/\(root(type.group))/\(type.isNamespaced ? "namespaces/{namespace}/" : "")\(type.plural)"
            paths[collection] = ["post": operation]
            if !type.isReview { paths["\(collection)/{name}"] = ["patch": operation, "put": operation, "get": operation] }
        }
        return [
            "openapi": "3.0.0", "info": info, "paths": .object(paths),
            "components": ["schemas": .object(Dictionary(types.map { (schemaName($0), schema($0)) }, uniquingKeysWith: { first, _ in first }))],
        ]
    }

    private static let info: JSONValue = ["title": "swiftlet-devcluster", "version": "v1.36.0"]

    static let v2: JSONValue = [
        "swagger": "2.0", "info": info, "paths": [:],
        "definitions": .object(Dictionary(ResourceType.all.map { (schemaName($0), schema($0)) }, uniquingKeysWith: { first, _ in first })),
    ]

    static let v2ProtobufType = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"

    /// An empty version 2 document in the only form that kubectl reads it: it then validates nothing itself.
    static let v2Protobuf: [UInt8] = {
        func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] { [number << 3 | 2, UInt8(bytes.count)] + bytes }
        let info = field(1, Array("swiftlet-devcluster".utf8)) + field(2, Array("v1.36.0".utf8))
        return field(1, Array("2.0".utf8)) + field(2, info)
    }()
}
