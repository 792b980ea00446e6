import AsyncHTTPClient
import FoundationEssentials
import KubeModel
import NIOHTTP1
import PodCore

/// One repository at one endpoint, for one pull: remembers the credential that worked, and its token.
actor RegistrySession {
    nonisolated let transport: RegistryTransport
    nonisolated let endpoint: RegistryEndpoint
    nonisolated let path: String
    /// Gives a manifest that an earlier pull has brought, so that it need not be sent again.
    nonisolated let kept: Kept

    typealias Kept = @Sendable (ContentDigest) async -> [UInt8]?

    /// `nil` for anonymous access.
    private let candidates: [RegistryCredential?]
    private let nodeCredentials: [RegistryCredential]
    private var candidate = 0
    /// The value of the Authorization header.
    private var authorization: String?
    /// Whether the server has accepted `authorization` before; a token that is refused later has merely expired.
    private var isProven = false
    /// The last that the server has named: a refusal of 403 names none.
    private var challenges: [AuthenticationChallenge] = []
    /// Requests that are refused together, as when a token expires while several layers are fetched, get the next one together. By server.
    private let renewals = SharedWork<String, String>()

    /// Why sources of credentials gave none, for the error of a refused pull.
    private let problems: [String]

    /// - Parameter credentials: of the pod. The node's own come after them.
    init(
        transport: RegistryTransport, endpoint: RegistryEndpoint, path: String, credentials: [RegistryCredential],
        node: NodeKeyring.Found = NodeKeyring.Found(), kept: @escaping Kept = { _ in nil }
    ) {
        self.transport = transport
        self.endpoint = endpoint
        self.path = path
        self.kept = kept
        // A mirror gets the mirror's credentials, never the registry's own secret.
        var matching = CredentialMatcher.candidates(for: "\(endpoint.credentialName)/\(path)", in: credentials)
        for credential in node.credentials where !matching.contains(where: { $0.login == credential }) { matching.append(credential) }
        candidates = matching.isEmpty ? [nil] : matching
        nodeCredentials = node.credentials
        problems = node.problems
    }

    /// Finds the credentials for a repository at a server and begins a session with them.
    static func begin(
        _ transport: RegistryTransport, at endpoint: RegistryEndpoint, path: String, credentials: [RegistryCredential],
        kept: @escaping Kept = { _ in nil }
    ) async -> RegistrySession {
        let node = await transport.keyring.lookup("\(endpoint.credentialName)/\(path)")
        return RegistrySession(transport: transport, endpoint: endpoint, path: path, credentials: credentials, node: node, kept: kept)
    }

    /// GET `/v2/<repository>/<resource>`, trying one credential after the other. Returns answers of 200, 206, 404 and 416, throws others.
    /// - Parameter method: for HEAD, any answer but a refusal is returned.
    nonisolated func get(_ resource: String, method: HTTPMethod = .GET, headers: HTTPHeaders) async throws -> RegistryTransport.Answer {
        guard let url = RegistryURL("\(endpoint.base)/v2/\(path)/\(resource)") else {
            throw ImageStoreError(.malformed, "GET", "\(endpoint.base)/v2/\(path)", "not a URL")
        }
        var used = await authorization
        while true {
            let answer = try await transport.get(url, method: method, tls: endpoint.tls, headers: headers, authorization: used)
            switch answer.response.status.code {
            case 200, 206, 404, 416:
                if used != nil { await accepted(used) }
                return answer
            case 401 where !answer.isRedirected, 403 where !answer.isRedirected:
                let challenges = AuthenticationChallenge.parse(answer.response.headers["WWW-Authenticate"])
                let refusal = Refusal(url: url, status: answer.response.status.code, words: await words(of: answer), authorization: used)
                used = try await renewals.run(endpoint.base) { try await authorize(challenges, after: refusal) }
            default:
                if method == .HEAD { return answer }
                throw await refusal(answer)
            }
        }
    }

    /// The credential that the server has accepted; `nil` where it wanted none, or took one that every pod of the node has.
    var podCredential: RegistryCredential? {
        guard authorization != nil, candidates.indices.contains(candidate), let used = candidates[candidate] else { return nil }
        return nodeCredentials.contains(used.login) ? nil : used
    }

    private func accepted(_ used: String?) {
        if used == authorization { isProven = true }
    }

    /// An answer of 401 or 403.
    private struct Refusal: Sendable {
        let url: RegistryURL
        let status: UInt
        /// The registry's own.
        let words: String?
        /// `nil` for a request without any.
        let authorization: String?
    }

    /// Returns the next Authorization to try.
    private func authorize(_ named: [AuthenticationChallenge], after refusal: Refusal) async throws -> String {
        if !named.isEmpty { challenges = named }
        // Another request of this pull has moved on already.
        if let authorization, authorization != refusal.authorization { return authorization }
        let isSpent = refusal.authorization != nil && !(isProven && refusal.status == 401)
        var next = isSpent ? candidate + 1 : candidate
        while next < candidates.count {
            if let issued = try await issue(challenges, candidates[next], refusal.url) {
                candidate = next
                authorization = issued
                isProven = false
                return issued
            }
            next += 1
        }
        candidate = next
        let who = candidates.compactMap { $0?.username }
        let tried = who.isEmpty ? "without credentials" : "with the credentials of \(who.joined(separator: ", "))"
        let more = ((refusal.words.map { ["the registry says \($0)"] } ?? []) + problems).map { "; \($0)" }.joined()
        throw ImageStoreError(
            .unauthorized, "GET", "\(refusal.url)",
            "pull access denied, repository does not exist or may require authorization: HTTP \(refusal.status) \(tried); give the pod an "
                + "imagePullSecret for \(endpoint.credentialName)\(more)")
    }

    /// Returns `nil` when the server accepts nothing for this credential.
    private func issue(_ challenges: [AuthenticationChallenge], _ credential: RegistryCredential?, _ url: RegistryURL) async throws -> String? {
        if let bearer = challenges.first(where: { $0.scheme == "bearer" }) {
            return try await token(bearer, credential, url)
        }
        if challenges.contains(where: { $0.scheme == "basic" }) { return credential.map(Self.basic) }
        return nil
    }

    private struct TokenAnswer: Decodable {
        let token: String?
        let accessToken: String?

        enum CodingKeys: String, CodingKey {
            case token
            case accessToken = "access_token"
        }
    }

    private func token(_ challenge: AuthenticationChallenge, _ credential: RegistryCredential?, _ url: RegistryURL) async throws -> String? {
        guard let written = challenge.parameters["realm"], let realm = RegistryURL(written) else {
            throw ImageStoreError(.refused, "GET", "\(url)", "found a Bearer challenge without a usable realm")
        }
        if realm.scheme == "http", url.scheme != "http" || !RegistryEndpoint.isPlainAllowed(realm.authority, in: transport.configuration) {
            throw ImageStoreError(.refused, "GET", "\(url)", "found the token realm \(realm), wanted https; no credentials were sent")
        }
        var query = "scope=" + PercentCoding.encode(challenge.parameters["scope"] ?? "repository:\(path):pull")
        if let service = challenge.parameters["service"] { query += "&service=" + PercentCoding.encode(service) }
        if let credential { query += "&account=" + PercentCoding.encode(credential.username) }
        guard let full = RegistryURL(realm.text + (realm.text.contains("?") ? "&" : "?") + query) else { return nil }
        let (status, body) = try await transport.token(full, authorization: credential.map(Self.basic))
        if [400, 401, 403, 404].contains(status) { return nil }
        guard status == 200, let answer = try? JSONDecoder().decode(TokenAnswer.self, from: Data(body)),
            let token = answer.token ?? answer.accessToken, !token.isEmpty,
            token.utf8.allSatisfy({ $0 > 32 && $0 < 127 })
        else {
            throw ImageStoreError(.refused, "GET", "\(realm)", "found HTTP \(status) and no token")
        }
        return "Bearer \(token)"
    }

    private static func basic(_ credential: RegistryCredential) -> String {
        "Basic " + Data("\(credential.username):\(credential.password)".utf8).base64EncodedString()
    }

    private struct ErrorAnswer: Decodable {
        struct Entry: Decodable {
            let code: String?
            let message: String?
        }
        let errors: [Entry]
    }

    /// The error that the registry names in the body of its answer, as one short line. Reads the body.
    private nonisolated func words(of answer: RegistryTransport.Answer) async -> String? {
        guard let body = try? await transport.body(answer, limit: 64 << 10),
            let entry = (try? JSONDecoder().decode(ErrorAnswer.self, from: Data(body)))?.errors.first
        else { return nil }
        let said = [entry.code, entry.message].compactMap { $0 }.joined(separator: ": ")
        return String(said.unicodeScalars.filter { $0.value >= 32 && $0.value != 127 }.prefix(200).map(Character.init))
    }

    private nonisolated func refusal(_ answer: RegistryTransport.Answer) async -> ImageStoreError {
        let status = answer.response.status.code
        var detail = "found HTTP \(status) \(answer.response.status.reasonPhrase)"
        if let words = await words(of: answer) { detail += " (\(words))" }
        if let asked = answer.response.headers.first(name: "Retry-After") { detail += ", to be tried again after \(asked.prefix(40))" }
        let code: ImageStoreError.Code =
            switch status {
            case 502, 503, 504: .unavailable
            case 500..., 429: .unreachable
            case 401, 403: .unauthorized
            default: .refused
            }
        return ImageStoreError(code, "GET", "\(answer.url)", detail)
    }
}
