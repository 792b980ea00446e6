/// `metav1.Status`: the API server's answer to a call that failed.
package struct Status: Sendable, Hashable, Codable {
    package struct Details: Sendable, Hashable, Codable {
        package var name: String?
        package var group: String?
        package var kind: String?
        package var uid: String?
        package var causes: [Cause]?
        package var retryAfterSeconds: Int?

        package init(name: String? = nil, group: String? = nil, kind: String? = nil, causes: [Cause]? = nil) {
            self.name = name
            self.group = group
            self.kind = kind
            self.causes = causes
        }
    }

    package struct Cause: Sendable, Hashable, Codable {
        package var reason: String?
        package var message: String?
        package var field: String?

        package init(reason: String? = nil, message: String? = nil, field: String? = nil) {
            self.reason = reason
            self.message = message
            self.field = field
        }
    }

    package struct Metadata: Sendable, Hashable, Codable {
        package init() {}
    }

    package var kind: String? = "Status"
    package var apiVersion: String? = "v1"
    package var metadata: Metadata? = Metadata()
    /// `Success` or `Failure`.
    package var status: String?
    package var message: String?
    /// Machine-readable: `NotFound`, `Conflict`, `Expired`, ...
    package var reason: String?
    package var details: Details?
    package var code: Int?

    package init(status: String, message: String? = nil, reason: String? = nil, details: Details? = nil, code: Int? = nil) {
        self.status = status
        self.message = message
        self.reason = reason
        self.details = details
        self.code = code
    }
}
