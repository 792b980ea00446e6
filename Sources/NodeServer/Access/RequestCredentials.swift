package import KubeModel

/// The credentials that a request carries.
package struct RequestCredentials: Sendable {
    /// The user of a client certificate that leads to the client CA.
    package let certificateUser: UserInfo?
    package let bearerToken: String?

    package init(certificateUser: UserInfo?, bearerToken: String?) {
        self.certificateUser = certificateUser
        self.bearerToken = bearerToken
    }

    /// The token of an `Authorization: Bearer` header; the scheme compares without case (RFC 9110 section 11.1).
    package static func bearerToken(authorization: String?) -> String? {
        guard let authorization else { return nil }
        let parts = authorization.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        let token = parts[1].drop { $0 == " " }.prefix { $0 != " " }
        return token.isEmpty ? nil : String(token)
    }
}
