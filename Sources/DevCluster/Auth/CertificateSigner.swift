import KubeModel
import SwiftASN1
import X509

/// Approves and signs the certificate requests of nodes, as kube-controller-manager does for the kubelet's signers.
struct CertificateSigner: Sendable {
    static let clientSigner = "kubernetes.io/kube-apiserver-client-kubelet"
    static let servingSigner = "kubernetes.io/kubelet-serving"

    let authority: CertificateAuthority
    /// False: a serving certificate waits for `kubectl certificate approve`, as in most clusters.
    var approvesServing = true
    /// The longest life of a certificate, in seconds.
    var longestLife: Int64 = 365 * 86_400

    /// The status that answers a request: approved with a certificate, or denied with the reason. Nil: not a signer of this cluster, or nothing to do.
    func answer(_ request: JSONValue, at time: Timestamp) -> JSONValue? {
        let signer = request.text("spec", "signerName")
        guard signer == Self.clientSigner || signer == Self.servingSigner else { return nil }
        let conditions = request["status"]?.list("conditions") ?? []
        if !conditions.isEmpty {
            // Approved by a person.
            guard request.text("status", "certificate").isEmpty, conditions.contains(where: { $0.text("type") == "Approved" }),
                !conditions.contains(where: { ["Denied", "Failed"].contains($0.text("type")) }), let pem = try? sign(request, signer)
            else { return nil }
            return ["conditions": .array(conditions), "certificate": .string(Base64.encode(Array(pem.utf8)))]
        }
        guard signer == Self.clientSigner || approvesServing else { return nil }
        func condition(_ type: String, _ reason: String, _ message: String) -> JSONValue {
            [
                "type": .string(type), "status": "True", "reason": .string(reason), "message": .string(message),
                "lastUpdateTime": .string(time.rfc3339()), "lastTransitionTime": .string(time.rfc3339()),
            ]
        }
        do {
            let pem = try sign(request, signer)
            return [
                "conditions": [condition("Approved", "AutoApproved", "Auto approving kubelet certificate after SubjectAccessReview.")],
                "certificate": .string(Base64.encode(Array(pem.utf8))),
            ]
        } catch let error as APIError {
            return ["conditions": [condition("Denied", "InvalidRequest", error.message)]]
        } catch {
            return ["conditions": [condition("Denied", "InvalidRequest", "the request cannot be read: \(error)")]]
        }
    }

    private func sign(_ request: JSONValue, _ signer: String) throws -> String {
        guard let bytes = Base64.decode(request.text("spec", "request")) else { throw APIError.badRequest("spec.request is not base64") }
        let csr = try CertificateSigningRequest(pemEncoded: String(decoding: bytes, as: UTF8.self))
        guard csr.publicKey.isValidSignature(csr.signature, for: csr) else { throw APIError.badRequest("the request's signature is wrong") }
        var user = ""
        var groups: [String] = []
        for attribute in csr.subject.flatMap({ Array($0) }) {
            if attribute.type == .NameAttributes.commonName { user = String(attribute.value) ?? "" }
            if attribute.type == .NameAttributes.organizationName { groups.append(String(attribute.value) ?? "") }
        }
        guard groups == ["system:nodes"], user.hasPrefix("system:node:"), user.count > 12 else {
            throw APIError.badRequest("subject is CN=\(user) O=\(groups.joined(separator: ",")), wanted CN=system:node:<name> O=system:nodes")
        }
        var names: [GeneralName] = []
        for attribute in csr.attributes {
            guard let extensions = try? ExtensionRequest(attribute).extensions, let alternatives = try? extensions.subjectAlternativeNames else {
                continue
            }
            names.append(contentsOf: alternatives)
        }
        let serving = signer == Self.servingSigner
        if serving {
            guard !names.isEmpty else { throw APIError.badRequest("a serving certificate needs at least one DNS name or IP address") }
            guard request.text("spec", "username") == user else {
                throw APIError.badRequest("\(request.text("spec", "username")) asks for a serving certificate of \(user)")
            }
        } else if !names.isEmpty {
            throw APIError.badRequest("a client certificate must not have alternative names")
        }
        let seconds = min(max(600, request["spec", "expirationSeconds"]?.integer ?? longestLife), longestLife)
        return try authority.issue(
            subject: csr.subject, publicKey: csr.publicKey, usage: serving ? .serverAuth : .clientAuth, names: names, seconds: seconds)
    }
}
