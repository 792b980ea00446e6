import FoundationEssentials
import KubeModel

/// The objects that a credential plugin gets and gives: `ExecCredential` of `client.authentication.k8s.io`.
enum PluginExchange {
    struct Answer: Sendable, Hashable {
        var token: String?
        var certificate: [UInt8]?
        var key: [UInt8]?
        /// Absent: good until the server refuses it.
        var expires: Timestamp?
    }

    /// The value of `KUBERNETES_EXEC_INFO`.
    static func information(_ plugin: CredentialPlugin, access: ClusterAccess, authority: [UInt8]?) -> String {
        var spec: [String: JSONValue] = ["interactive": .bool(false)]
        if plugin.providesClusterInfo {
            var cluster: [String: JSONValue] = ["server": .string(access.server)]
            if let name = access.tlsServerName { cluster["tls-server-name"] = .string(name) }
            if access.skipsServerVerification { cluster["insecure-skip-tls-verify"] = .bool(true) }
            if let authority { cluster["certificate-authority-data"] = .string(Data(authority).base64EncodedString()) }
            spec["cluster"] = .object(cluster)
        }
        let object: JSONValue = ["apiVersion": .string(plugin.apiVersion), "kind": "ExecCredential", "spec": .object(spec)]
        return object.description
    }

    /// Throws text for a person: what was found and wanted.
    static func answer(_ bytes: [UInt8], apiVersion: String) throws(Misshapen) -> Answer {
        guard let object = try? JSONParser.parse(bytes) else { throw Misshapen(description: "its answer is not JSON") }
        let found = (object["apiVersion"]?.string ?? "", object["kind"]?.string ?? "")
        guard found == (apiVersion, "ExecCredential") else {
            throw Misshapen(description: "it answered with '\(found.1)' of '\(found.0)'; wanted ExecCredential of \(apiVersion)")
        }
        guard let status = object["status"] else { throw Misshapen(description: "its answer has no status") }
        func text(_ name: String) -> String? { status[name]?.string.flatMap { $0.isEmpty ? nil : $0 } }
        var answer = Answer(
            token: text("token"), certificate: text("clientCertificateData").map { Array($0.utf8) }, key: text("clientKeyData").map { Array($0.utf8) }
        )
        guard (answer.certificate == nil) == (answer.key == nil) else {
            throw Misshapen(description: "it gave only one of clientCertificateData and clientKeyData; wanted both or neither")
        }
        guard answer.token != nil || answer.certificate != nil else {
            throw Misshapen(description: "it gave neither a token nor a certificate")
        }
        if let token = answer.token, token.utf8.contains(where: { $0 <= 32 || $0 == 127 }) {
            throw Misshapen(description: "its token contains blanks or control characters")
        }
        if let expires = text("expirationTimestamp") {
            guard let time = Timestamp(rfc3339: expires) else {
                throw Misshapen(description: "its expirationTimestamp is '\(expires)'; wanted a time such as 2026-01-02T03:04:05Z")
            }
            answer.expires = time
        }
        return answer
    }

    struct Misshapen: Error, CustomStringConvertible {
        let description: String
    }
}
