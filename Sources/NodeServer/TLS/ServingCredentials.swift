import FoundationEssentials
package import KubeModel
package import Logging
import NIOCore
import NIOPosix
import NIOSSL
import SwiftASN1
import Synchronization
import X509

/// The HTTPS server's certificate and client CA, read again when their files change.
///
/// A new connection starts a check of the files when the last check is older than ``interval``. That connection still gets
/// the loaded certificate; later connections get the new certificate. Without connections the files are not checked.
package final class ServingCredentials: Sendable {
    struct Loaded: Sendable {
        let context: NIOSSLContext
        let verifier: ClientVerifier
        let stamps: [FileStamp]
        /// The end of the certificate's time; nil while there is none.
        let end: Timestamp?
    }

    private struct State {
        var loaded: Loaded
        var lastLook: NIODeadline
        /// The last failure that was logged, so that a broken file is named once.
        var complaint: String?
    }

    private static let interval = TimeAmount.seconds(5)

    private let files: ServingFiles
    private let policy: ServingTLSPolicy
    private let logger: Logger
    private let state: Mutex<State>

    /// Reads the files; blocks.
    /// - Throws: ``NodeServerError`` that names the file.
    package init(files: ServingFiles, policy: ServingTLSPolicy = ServingTLSPolicy(), logger: Logger) throws {
        self.files = files
        self.policy = policy
        self.logger = logger
        let loaded: Loaded
        do {
            loaded = try Self.load(files, policy)
        } catch {
            guard files.isAwaited else { throw error }
            // It will be replaced; the client CA must be readable all the same.
            logger.error("Serving certificate cannot be used; waiting for another", metadata: ["error": "\(error)"])
            loaded = try Self.load(ServingFiles(pairs: [], isAwaited: true, clientCA: files.clientCA), policy)
        }
        state = Mutex(State(loaded: loaded, lastLook: .now()))
    }

    /// The end of the serving certificate; nil without one.
    package var end: Timestamp? { state.withLock { $0.loaded.end } }

    /// For a connection that was just accepted.
    func current() -> Loaded {
        let (loaded, isDue) = state.withLock { state -> (Loaded, Bool) in
            let isDue = state.lastLook + Self.interval < .now()
            if isDue { state.lastLook = .now() }
            return (state.loaded, isDue)
        }
        if isDue { NIOThreadPool.singleton.submit { [self] _ in reloadIfChanged() } }
        return loaded
    }

    /// Checks the files on another thread, at once.
    package func reloadSoon() { NIOThreadPool.singleton.submit { [self] _ in reloadIfChanged() } }

    /// Checks the files now; blocks. After a broken file the loaded certificate stays in use.
    package func reloadIfChanged() {
        guard files.all.map(FileStamp.init) != state.withLock({ $0.loaded.stamps }) else { return }
        do {
            let loaded = try Self.load(files, policy)
            state.withLock { state in
                state.loaded = loaded
                state.complaint = nil
            }
            logger.info("Serving certificate loaded again", metadata: ["file": "\(files.present?.certificate ?? "none")"])
        } catch {
            let complaint = "\(error)"
            let isNew = state.withLock { state in
                defer { state.complaint = complaint }
                return state.complaint != complaint
            }
            if isNew { logger.error("Changed serving certificate cannot be used; the old certificate stays", metadata: ["error": "\(complaint)"]) }
        }
    }

    private static func load(_ files: ServingFiles, _ policy: ServingTLSPolicy) throws -> Loaded {
        // Stamps first: a change while the files are read is seen as one later.
        let stamps = files.all.map(FileStamp.init)
        var chain: [NIOSSLCertificate] = []
        var key: NIOSSLPrivateKey?
        let pair = files.present
        if let pair {
            chain = try usable("serving certificate", pair.certificate) { try NIOSSLCertificate.fromPEMBytes($0) }
            guard !chain.isEmpty else {
                throw NodeServerError(
                    .certificate, operation: "read serving certificate \(pair.certificate)", message: "no certificate in it, wanted PEM")
            }
            key = try usable("serving key", pair.key) { try NIOSSLPrivateKey(bytes: $0, format: .pem) }
        }
        let roots = try files.clientCA.map { path in
            try usable("client CA", path) { try ClientVerifier.certificates(pem: String(decoding: $0, as: UTF8.self)) }
        }
        do {
            let context = try NIOSSLContext(configuration: configuration(chain, key, policy))
            // For metrics alone.
            let end = try? chain.first.map {
                Timestamp(seconds: Int64(try Certificate(derEncoded: $0.toDERBytes()).notValidAfter.timeIntervalSince1970))
            }
            return Loaded(context: context, verifier: ClientVerifier(roots: roots ?? []), stamps: stamps, end: end)
        } catch {
            throw NodeServerError(
                .certificate, operation: "use serving certificate \(pair?.certificate ?? "of none")",
                message: "it does not go with the key in \(pair?.key ?? "none"), wanted a pair (\(error))")
        }
    }

    /// A server without a certificate ends each handshake with an alert.
    private static func configuration(_ chain: [NIOSSLCertificate], _ key: NIOSSLPrivateKey?, _ policy: ServingTLSPolicy) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateChain = chain.map { .certificate($0) }
        configuration.privateKey = key.map { .privateKey($0) }
        switch policy.minimum {
        case .tls10: configuration.minimumTLSVersion = .tlsv1
        case .tls11: configuration.minimumTLSVersion = .tlsv11
        case .tls12: configuration.minimumTLSVersion = .tlsv12
        case .tls13: configuration.minimumTLSVersion = .tlsv13
        }
        if !policy.cipherSuites.isEmpty { configuration.cipherSuiteValues = policy.cipherSuites.map { NIOTLSCipher(rawValue: $0) } }
        configuration.applicationProtocols = ["http/1.1"]
        // Requests a certificate but does not require it; ClientVerifier decides whether it is trusted.
        configuration.certificateVerification = .optionalVerification
        // ClientVerifier has its own roots, and a machine may have no authorities at all.
        configuration.trustRoots = .certificates([])
        return configuration
    }

    private static func usable<Value>(_ what: String, _ path: String, _ parse: ([UInt8]) throws -> Value) throws -> Value {
        do {
            return try parse(Array(try Data(contentsOf: URL(filePath: path))))
        } catch {
            throw NodeServerError(.certificate, operation: "read \(what) \(path)", message: "\(error); wanted a readable PEM file")
        }
    }
}
