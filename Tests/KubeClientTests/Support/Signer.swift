import FoundationEssentials
import KubeClient
import KubeModel
import SwiftASN1
import Synchronization
import TestSupport
import Testing
import X509

/// A signer behind the API: answers a watch once a request was posted.
final class Signer: Sendable {
    enum Verdict: Sendable {
        /// Seconds from an hour before `from`, by default from an hour ago.
        case sign(life: Double, from: Date? = nil)
        case deny
        case wait
        case unauthorized
    }

    let authority: TestAuthority
    private let verdict: Locked<Verdict>
    let request = Locked<KubeModel.CertificateSigningRequest?>(nil)
    private let posted = Locked<[KubeModel.CertificateSigningRequest]>([])

    init(_ verdict: Verdict) throws {
        authority = try TestAuthority("cluster")
        self.verdict = Locked(verdict)
    }

    /// Every request that was posted.
    var requests: [KubeModel.CertificateSigningRequest] { posted.value }

    func decide(_ new: Verdict) { verdict.set(new) }

    private func status(_ json: String) throws -> KubeModel.CertificateSigningRequest.RequestStatus {
        try JSONDecoder().decode(KubeModel.CertificateSigningRequest.RequestStatus.self, from: Data(json.utf8))
    }

    static func signed(_ request: KubeModel.CertificateSigningRequest) throws -> X509.CertificateSigningRequest {
        try X509.CertificateSigningRequest(pemEncoded: String(decoding: try #require(Data(base64Encoded: request.spec.request)), as: UTF8.self))
    }

    func answer(_ http: ScriptedServer.Request) async -> [ScriptedServer.Step] {
        do {
            if case .unauthorized = verdict.value { return ScriptedServer.Step.failure(401, "Unauthorized", "Unauthorized") }
            if http.method == "POST" {
                let object = try JSONDecoder().decode(KubeModel.CertificateSigningRequest.self, from: Data(http.body.utf8))
                request.set(object)
                posted.set(posted.value + [object])
                return ScriptedServer.Step.json(201, http.body)
            }
            if http.query["watch"] != "true" { return ScriptedAPI.list("10", []) }
            guard var object = request.value else { return [.head(200, []), .hang] }
            switch verdict.value {
            case .wait, .unauthorized: return [.head(200, []), .hang]
            case .deny:
                object.status = try status(#"{"conditions":[{"type":"Denied","status":"True","reason":"NotNow","message":"ask later"}]}"#)
            case .sign(let life, let from):
                let csr = try Self.signed(object)
                var hosts: [String] = []
                var addresses: [[UInt8]] = []
                for attribute in csr.attributes {
                    guard let names = try? ExtensionRequest(attribute).extensions.subjectAlternativeNames else { continue }
                    for name in names {
                        switch name {
                        case .dnsName(let host): hosts.append(host)
                        case .ipAddress(let octets): addresses.append(Array(octets.bytes))
                        default: break
                        }
                    }
                }
                let certificate = try TestAuthority.pem(
                    authority.sign(
                        csr.publicKey, "system:node:n1", groups: ["system:nodes"], dnsNames: hosts, loopback: false, addresses: addresses,
                        notBefore: (from ?? Date()) - 3600, life: life))
                object.status = try status(#"{"certificate":"\#(Data(certificate.utf8).base64EncodedString())"}"#)
            }
            let line = String(decoding: try JSONEncoder().encode(object), as: UTF8.self)
            return [ScriptedAPI.head, .chunk(ScriptedAPI.event("MODIFIED", line)), .hang]
        } catch {
            return ScriptedServer.Step.failure(500, "InternalError", "\(error)")
        }
    }
}
