import KubeModel

/// A request that fails, as the Status object that the client gets.
struct APIError: Error, Sendable, Hashable, CustomStringConvertible {
    /// One wrong field of an object.
    struct Cause: Sendable, Hashable {
        /// `FieldValueRequired`, `FieldValueInvalid`, `FieldValueForbidden`, ...
        let reason: String
        let message: String
        let field: String
    }

    let code: Int
    let reason: String
    let message: String
    var details: JSONValue?

    var description: String { message }

    init(code: Int, reason: String, message: String, details: JSONValue? = nil) {
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
    }

    var status: JSONValue {
        var status: JSONValue = [
            "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Failure", "message": .string(message), "reason": .string(reason),
            "code": .integer(Int64(code)),
        ]
        status["details"] = details
        return status
    }

    private static func details(_ type: ResourceType, _ name: String) -> JSONValue {
        var details: JSONValue = ["name": .string(name), "kind": .string(type.plural)]
        if !type.group.isEmpty { details["group"] = .string(type.group) }
        return details
    }

    static func notFound(_ type: ResourceType, _ name: String) -> APIError {
        APIError(code: 404, reason: "NotFound", message: "\(type.qualifiedName) \"\(name)\" not found", details: details(type, name))
    }

    static let noSuchPath = APIError(code: 404, reason: "NotFound", message: "the server could not find the requested resource", details: [:])

    static func alreadyExists(_ type: ResourceType, _ name: String) -> APIError {
        APIError(code: 409, reason: "AlreadyExists", message: "\(type.qualifiedName) \"\(name)\" already exists", details: details(type, name))
    }

    static func conflict(_ type: ResourceType, _ name: String, _ why: String) -> APIError {
        APIError(
            code: 409, reason: "Conflict", message: "Operation cannot be fulfilled on \(type.qualifiedName) \"\(name)\": \(why)",
            details: details(type, name))
    }

    static func modified(_ type: ResourceType, _ name: String) -> APIError {
        conflict(type, name, "the object has been modified; please apply your changes to the latest version and try again")
    }

    static func invalid(_ type: ResourceType, _ name: String, _ causes: [Cause]) -> APIError {
        var details = details(type, name)
        details["kind"] = .string(type.kind)
        details["causes"] = .array(causes.map { ["reason": .string($0.reason), "message": .string($0.message), "field": .string($0.field)] })
        let texts = causes.map { "\($0.field): \($0.message)" }
        let list = texts.count == 1 ? texts[0] : "[\(texts.joined(separator: ", "))]"
        return APIError(
            code: 422, reason: "Invalid", message: "\(type.kind)\(type.group.isEmpty ? "" : ".\(type.group)") \"\(name)\" is invalid: \(list)",
            details: details)
    }

    static func badRequest(_ message: String) -> APIError { APIError(code: 400, reason: "BadRequest", message: message) }

    static func forbidden(_ identity: Identity, _ attributes: AccessAttributes) -> APIError {
        var subject = attributes.resource
        if !attributes.subresource.isEmpty { subject += "/\(attributes.subresource)" }
        var message = "\(attributes.isResource ? subject : attributes.path) "
        if attributes.isResource {
            message = "\(attributes.resource)\(attributes.group.isEmpty ? "" : ".\(attributes.group)") "
            if !attributes.name.isEmpty { message += "\"\(attributes.name)\" " }
            message +=
                "is forbidden: User \"\(identity.user)\" cannot \(attributes.verb) resource \"\(subject)\" in API group \"\(attributes.group)\""
            message += attributes.namespace.isEmpty ? " at the cluster scope" : " in the namespace \"\(attributes.namespace)\""
        } else {
            message = "forbidden: User \"\(identity.user)\" cannot \(attributes.verb) path \"\(attributes.path)\""
        }
        return APIError(
            code: 403, reason: "Forbidden", message: message, details: ["kind": .string(attributes.resource), "name": .string(attributes.name)])
    }

    static func refused(_ message: String) -> APIError { APIError(code: 403, reason: "Forbidden", message: message) }

    static let unauthorized = APIError(code: 401, reason: "Unauthorized", message: "Unauthorized")

    static func expired(_ message: String) -> APIError { APIError(code: 410, reason: "Expired", message: message) }

    static func methodNotAllowed(_ method: String) -> APIError {
        APIError(code: 405, reason: "MethodNotAllowed", message: "the server does not allow this method on the requested resource: \(method)")
    }

    static func unsupportedMediaType(_ type: String, _ wanted: String) -> APIError {
        APIError(
            code: 415, reason: "UnsupportedMediaType",
            message: "the body of the request was in an unknown format \"\(type)\" - accepted media types include: \(wanted)")
    }

    static func badGateway(_ message: String) -> APIError { APIError(code: 502, reason: "BadGateway", message: message) }

    static func internalError(_ message: String) -> APIError {
        APIError(code: 500, reason: "InternalError", message: "Internal error occurred: \(message)")
    }
}
