/// `certificates.k8s.io/v1 CertificateSigningRequest`.
package struct CertificateSigningRequest: KubeObject {
    package static let resource = ResourceKind(
        group: "certificates.k8s.io", plural: "certificatesigningrequests", kind: "CertificateSigningRequest", isNamespaced: false)

    package struct Spec: Sendable, Codable {
        /// Base64 of a PEM block, as on the wire.
        package var request: String
        package var signerName: String
        package var usages: [String]?
        package var expirationSeconds: Int?
        package var username: String?
        package var groups: [String]?

        package init(request: String, signerName: String, usages: [String]) {
            self.request = request
            self.signerName = signerName
            self.usages = usages
        }
    }

    package struct Condition: Sendable, Codable {
        package var type: String
        package var status: String?
        package var reason: String?
        package var message: String?
    }

    package struct RequestStatus: Sendable, Codable {
        package var conditions: [Condition]?
        /// Base64 of the PEM chain, once signed.
        package var certificate: String?
    }

    package var apiVersion: String?
    package var kind: String?
    package var metadata: ObjectMeta
    package var spec: Spec
    package var status: RequestStatus?

    package init(metadata: ObjectMeta, spec: Spec) {
        apiVersion = Self.resource.apiVersion
        kind = Self.resource.kind
        self.metadata = metadata
        self.spec = spec
    }
}
