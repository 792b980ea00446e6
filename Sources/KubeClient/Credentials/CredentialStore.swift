import Crypto
import Logging
import NIOSSL
import Timing

/// Reads certificates, keys and tokens, and reads them again when their files change.
///
/// Files are read when a call needs them and the last reading is `recheckInterval` old; an idle client reads nothing.
actor CredentialStore {
    static let recheckInterval = Duration.seconds(10)

    private var access: ClusterAccess
    private let time: any TimeSource
    private let logger: Logger
    private let runner: PluginRunner?
    private var loaded: LoadedCredentials?
    /// The digests of the files' contents, empty for a file that could not be read.
    private var stamps: [String: [UInt8]] = [:]
    /// The digest of the authorities in use.
    private var trustedAuthority: [UInt8] = []
    private var lastLook: Duration = .zero
    /// Looks in a row that found files that cannot be used.
    private var failedLooks = 0
    private var notice = RareNotice()
    private var loading: [CheckedContinuation<Void, Never>]?

    init(access: ClusterAccess, time: any TimeSource, logger: Logger) {
        self.access = access
        self.time = time
        self.logger = logger
        runner = access.plugin.map { PluginRunner($0, time: time) }
    }

    /// The credentials as the files are now. Files that became unreadable after a first success keep the last good content in use.
    func current() async throws -> LoadedCredentials {
        while loading != nil {
            // One reader at a time: the others wait for its result.
            await withCheckedContinuation { loading?.append($0) }
        }
        let usesPlugin = access.clientCertificate == nil && access.token == nil
        if let loaded, !usesPlugin || runner == nil, time.now() - lastLook < Self.recheckInterval { return loaded }
        loading = []
        defer {
            let waiting = loading ?? []
            loading = nil
            for waiter in waiting { waiter.resume() }
        }
        var isFresh = true
        if usesPlugin, let runner { isFresh = await runner.isFresh }
        if let loaded, isFresh, time.now() - lastLook < Self.recheckInterval { return loaded }
        let seen = await look()
        lastLook = time.now()
        if let loaded, isFresh, seen == stamps { return loaded }
        do {
            let fresh = try await load(after: loaded)
            loaded = fresh
            stamps = seen
            failedLooks = 0
            return fresh
        } catch {
            guard let loaded, isFresh else { throw error }
            failedLooks += 1
            // Certificate and key may be replaced one after the other; the old pair is valid until both are there.
            if failedLooks > 1, notice.isDue("\(error)", at: time.now()) {
                logger.error("Credentials cannot be read again; those that were read before stay in use", metadata: ["error": "\(error)"])
            }
            return loaded
        }
    }

    /// Takes certificate, key and token from other places from now on.
    func use(_ other: ClusterAccess) {
        access.clientCertificate = other.clientCertificate
        access.clientKey = other.clientKey
        access.token = other.token
        stamps = [:]
        expireLook()
    }

    /// Makes the next `current()` look at the files at once, as after a 401 or when a new certificate was written.
    func expireLook() {
        lastLook = time.now() - Self.recheckInterval
    }

    /// The server has refused the credentials: files are looked at, and a plugin is asked, before the next call.
    func refused() async {
        expireLook()
        await runner?.forget()
    }

    private func look() async -> [String: [UInt8]] {
        var seen: [String: [UInt8]] = [:]
        for source in [access.certificateAuthority, access.clientCertificate, access.clientKey, access.token] {
            guard let path = source?.path else { continue }
            let content = try? await CredentialFiles.read(path, operation: "look at")
            seen[path] = content.map { Array(SHA256.hash(data: $0)) } ?? []
        }
        return seen
    }

    private func load(after previous: LoadedCredentials?) async throws -> LoadedCredentials {
        let authority = try await bytes(of: access.certificateAuthority, role: "certificate authority")
        var certificate = try await bytes(of: access.clientCertificate, role: "client certificate")
        var key = try await bytes(of: access.clientKey, role: "client key")
        let tokenBytes = try await bytes(of: access.token, role: "bearer token")
        var result = LoadedCredentials(generation: (previous?.generation ?? 0) + 1)
        if let runner, access.clientCertificate == nil, access.token == nil {
            let answer = try await runner.answer(access, authority: authority)
            (certificate, key, result.token) = (answer.certificate, answer.key, answer.token)
        }
        if let certificate {
            result.origin = access.clientCertificate.map { "\($0)" } ?? access.plugin.map { "\($0)" } ?? ""
            result.certificate = try? CertificateInfo(pem: String(decoding: certificate, as: UTF8.self), origin: result.origin)
        }
        let trusted = authority.map { Array(SHA256.hash(data: $0)) } ?? []
        result.trust = (previous?.trust ?? 0) + (trusted == trustedAuthority ? 0 : 1)
        if access.server.hasPrefix("https://") {
            result.tls = try TLSSettings.make(access: access, authority: authority, certificate: certificate, key: key)
        }
        if let tokenBytes, let source = access.token {
            let token =
                String(decoding: tokenBytes, as: UTF8.self)
                .split(whereSeparator: \.isNewline).first.map { $0.filter { !$0.isWhitespace } } ?? ""
            guard !token.isEmpty else {
                throw APIError(
                    .badConfiguration, operation: "read bearer token", object: "\(source)", reason: "it is empty; wanted one line with a token")
            }
            result.token = token
        }
        // A new token alone needs no new connection.
        if let previous, let old = previous.tls, let new = result.tls, old.bestEffortEquals(new) { result.generation = previous.generation }
        trustedAuthority = trusted
        return result
    }

    private func bytes(of source: CredentialSource?, role: String) async throws -> [UInt8]? {
        switch source {
        case nil: nil
        case .inline(let bytes, _): bytes
        case .file(let path): try await CredentialFiles.read(path, operation: "read \(role)", hint: "; named in \(access.origin)")
        }
    }
}
