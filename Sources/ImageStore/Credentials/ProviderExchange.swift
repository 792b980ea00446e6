import FoundationEssentials
import KubeModel
import PodCore

/// The request to a credential provider and its answer, as kubelet's `credentialprovider` API has them.
enum ProviderExchange {
    /// How far an answer may be used for other images.
    enum Scope: String, Decodable {
        case image = "Image"
        case registry = "Registry"
        case global = "Global"
    }

    struct Answer: Sendable {
        let scope: Scope
        /// `nil` for the provider's default.
        let cacheDuration: Duration?
        let credentials: [RegistryCredential]
    }

    /// Why an answer cannot be used. Never quotes the answer, which contains passwords.
    struct Unusable: Error, CustomStringConvertible {
        let description: String
    }

    private struct Request: Encodable {
        let apiVersion: String
        let kind = "CredentialProviderRequest"
        let image: String
        let serviceAccountToken: String?
        let serviceAccountAnnotations: [String: String]?
    }

    private struct Header: Decodable {
        let apiVersion: String?
        let kind: String?
    }

    private struct Body: Decodable {
        struct Login: Decodable {
            let username: String?
            let password: String?
        }

        let cacheKeyType: String?
        let cacheDuration: String?
        let auth: [String: Login]?
    }

    static func request(image: String, apiVersion: String, account: ProviderAccount? = nil) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let request = Request(
            apiVersion: apiVersion, image: image, serviceAccountToken: account?.token,
            serviceAccountAnnotations: account.flatMap { $0.annotations.isEmpty ? nil : $0.annotations })
        return Array(try encoder.encode(request))
    }

    static func answer(_ bytes: [UInt8], apiVersion: String) throws(Unusable) -> Answer {
        let data = Data(bytes)
        guard let kind = try? JSONDecoder().decode(Header.self, from: data) else {
            throw Unusable(description: bytes.isEmpty ? "it has answered nothing, wanted a CredentialProviderResponse" : "its answer is not JSON")
        }
        guard kind.apiVersion == apiVersion, kind.kind == "CredentialProviderResponse" else {
            let found = "\(kind.apiVersion ?? "no apiVersion") \(kind.kind ?? "and no kind")".prefix(100)
            throw Unusable(description: "its answer is \(found), wanted \(apiVersion) CredentialProviderResponse")
        }
        guard let body = try? JSONDecoder().decode(Body.self, from: data) else {
            throw Unusable(description: "its answer is no CredentialProviderResponse: a field has the wrong type")
        }
        guard let scope = body.cacheKeyType.flatMap(Scope.init(rawValue:)) else {
            throw Unusable(
                description: "its answer has the cacheKeyType \"\((body.cacheKeyType ?? "").prefix(40))\", wanted Image, Registry or Global")
        }
        var duration: Duration?
        if let written = body.cacheDuration {
            guard let parsed = GoDuration.parse(written), parsed >= .zero else {
                throw Unusable(description: "its answer has the cacheDuration \"\(written.prefix(40))\", wanted one like 10m or 0s")
            }
            duration = parsed
        }
        let credentials = (body.auth ?? [:]).sorted { $0.key < $1.key }.map {
            RegistryCredential(registry: $0.key, username: $0.value.username ?? "", password: $0.value.password ?? "")
        }
        return Answer(scope: scope, cacheDuration: duration, credentials: credentials)
    }
}
