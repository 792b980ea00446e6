import Crypto
import NIOSSL
import Timing

/// Reads certificates, keys and tokens, and reads them again when their files change.
///
/// Files are read when a call needs them and the last reading is `recheckInterval` old; an idle client reads nothing.
actor CredentialStore {
    static let recheckInterval = Duration.seconds(10)

    private let access: ClusterAccess
    private let time: any TimeSource
    private var loaded: LoadedCredentials?
    /// The digests of the files' contents, empty for a file that could not be read.
    private var stamps: [String: [UInt8]] = [:]
    private var lastLook: Duration = .zero
    private var loading: [CheckedContinuation<Void, Never>]?

    init(access: ClusterAccess, time: any TimeSource) {
        self.access = access
        self.time = time
    }

    /// The credentials as the files are now. Files that became unreadable after a first success keep the last good content in use.
    func current() async throws -> LoadedCredentials {
        while loading != nil {
            // One reader at a time: the others wait for its result.
            await withCheckedContinuation { loading?.append($0) }
        }
        if let loaded, time.now() - lastLook < Self.recheckInterval { return loaded }
        loading = []
        defer {
            let waiting = loading ?? []
            loading = nil
            for waiter in waiting { waiter.resume() }
        }
        let seen = await look()
        lastLook = time.now()
        if let loaded, seen == stamps { return loaded }
        do {
            let fresh = try await load(after: loaded)
            loaded = fresh
            stamps = seen
            return fresh
        } catch {
            // Certificate and key may be replaced one after the other; the old pair is valid until both are there.
            if let loaded { return loaded }
            throw error
        }
    }

    /// Makes the next `current()` look at the files at once, as after a 401 or when a new certificate was written.
    func expireLook() {
        lastLook = time.now() - Self.recheckInterval
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
        let certificate = try await bytes(of: access.clientCertificate, role: "client certificate")
        let key = try await bytes(of: access.clientKey, role: "client key")
        let tokenBytes = try await bytes(of: access.token, role: "bearer token")
        var result = LoadedCredentials(generation: (previous?.generation ?? 0) + 1)
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
