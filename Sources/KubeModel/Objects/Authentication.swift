/// `authentication.k8s.io/v1 TokenReview`: asks the API server for the user of a bearer token.
package struct TokenReview: Sendable, Codable {
    package static let resource = ResourceKind(group: "authentication.k8s.io", plural: "tokenreviews", kind: "TokenReview", isNamespaced: false)

    package struct Spec: Sendable, Codable {
        package var token: String
        package var audiences: [String]?
    }

    package struct ReviewStatus: Sendable, Codable {
        package var authenticated: Bool?
        package var user: UserInfo?
        package var audiences: [String]?
        package var error: String?
    }

    package var apiVersion: String
    package var kind: String
    package var spec: Spec
    package var status: ReviewStatus?

    package init(token: String, audiences: [String]? = nil) {
        apiVersion = Self.resource.apiVersion
        kind = Self.resource.kind
        spec = Spec(token: token, audiences: audiences)
    }
}

/// `authentication.k8s.io/v1 UserInfo`.
package struct UserInfo: Sendable, Hashable, Codable {
    package var username: String?
    package var uid: String?
    package var groups: [String]?
    package var extra: [String: [String]]?

    package init(username: String, groups: [String]) {
        self.username = username
        self.groups = groups
    }
}

/// `authorization.k8s.io/v1 SubjectAccessReview`: asks the API server whether a user may do something.
package struct SubjectAccessReview: Sendable, Codable {
    package static let resource = ResourceKind(
        group: "authorization.k8s.io", plural: "subjectaccessreviews", kind: "SubjectAccessReview", isNamespaced: false)

    package struct ResourceAttributes: Sendable, Hashable, Codable {
        package var namespace: String?
        package var verb: String
        package var group: String?
        package var version: String?
        package var resource: String
        package var subresource: String?
        package var name: String?

        package init(verb: String, version: String, resource: String, subresource: String?, name: String) {
            self.verb = verb
            self.version = version
            self.resource = resource
            self.subresource = subresource
            self.name = name
        }
    }

    package struct Spec: Sendable, Codable {
        package var resourceAttributes: ResourceAttributes?
        package var user: String?
        package var groups: [String]?
        package var uid: String?
        package var extra: [String: [String]]?
    }

    package struct ReviewStatus: Sendable, Codable {
        package var allowed: Bool
        package var denied: Bool?
        package var reason: String?
        package var evaluationError: String?
    }

    package var apiVersion: String
    package var kind: String
    package var spec: Spec
    package var status: ReviewStatus?

    package init(user: UserInfo, attributes: ResourceAttributes) {
        apiVersion = Self.resource.apiVersion
        kind = Self.resource.kind
        spec = Spec(resourceAttributes: attributes, user: user.username, groups: user.groups, uid: user.uid, extra: user.extra)
    }
}

/// `authentication.k8s.io/v1 TokenRequest`: a bound service account token.
package struct TokenRequest: Sendable, Codable {
    package struct BoundObjectReference: Sendable, Codable {
        package var kind: String
        package var apiVersion: String
        package var name: String
        package var uid: String

        package init(pod: Pod) {
            kind = "Pod"
            apiVersion = "v1"
            name = pod.name
            uid = pod.uid
        }
    }

    package struct Spec: Sendable, Codable {
        package var audiences: [String]?
        package var expirationSeconds: Int64?
        package var boundObjectRef: BoundObjectReference?
    }

    package struct TokenStatus: Sendable, Codable {
        package var token: String
        package var expirationTimestamp: Timestamp
    }

    package var apiVersion = "authentication.k8s.io/v1"
    package var kind = "TokenRequest"
    /// With the uid that the service account must have; `nil` for any.
    package var metadata: ObjectMeta?
    package var spec: Spec
    package var status: TokenStatus?

    package init(audience: String?, expirationSeconds: Int64?, pod: Pod, accountUID: String? = nil) {
        metadata = accountUID.map { ObjectMeta(uid: $0) }
        spec = Spec(audiences: audience.map { [$0] } ?? [], expirationSeconds: expirationSeconds, boundObjectRef: BoundObjectReference(pod: pod))
    }
}
