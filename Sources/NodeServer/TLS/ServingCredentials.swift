import FoundationEssentials
package import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// The HTTPS server's certificate and client CA, read again when their files change.
///
/// A new connection starts a check of the files when the last check is older than ``interval``. That connection still gets
/// the loaded certificate; later connections get the new certificate. Without connections the files are not checked.
package final class ServingCredentials: Sendable {
    struct Loaded: Sendable {
        let context: NIOSSLContext
        let verifier: ClientVerifier
        let stamps: [FileStamp]
    }

    private struct State {
        var loaded: Loaded
        var lastLook: NIODeadline
        /// The last failure that was logged, so that a broken file is named once.
        var complaint: String?
    }

    private static let interval = TimeAmount.seconds(5)

    private let files: ServingFiles
    private let logger: Logger
    private let state: Mutex<State>

    /// Reads the files; blocks.
    /// - Throws: ``NodeServerError`` that names the file.
    package init(files: ServingFiles, logger: Logger) throws {
        self.files = files
        self.logger = logger
        state = Mutex(State(loaded: try Self.load(files), lastLook: .now()))
    }

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

    /// Checks the files now; blocks. After a broken file the loaded certificate stays in use.
    package func reloadIfChanged() {
        guard files.all.map(FileStamp.init) != state.withLock({ $0.loaded.stamps }) else { return }
        do {
            let loaded = try Self.load(files)
            state.withLock { state in
                state.loaded = loaded
                state.complaint = nil
            }
            logger.info("Serving certificate loaded again", metadata: ["file": "\(files.certificate)"])
        } catch {
            let complaint = "\(error)"
            let isNew = state.withLock { state in
                defer { state.complaint = complaint }
                return state.complaint != complaint
            }
            if isNew { logger.error("Changed serving certificate cannot be used; the old certificate stays", metadata: ["error": "\(complaint)"]) }
        }
    }

    private static func load(_ files: ServingFiles) throws -> Loaded {
        // Stamps first: a change while the files are read is seen as one later.
        let stamps = files.all.map(FileStamp.init)
        let chain = try usable("serving certificate", files.certificate) { try NIOSSLCertificate.fromPEMBytes($0) }
        guard !chain.isEmpty else {
            throw NodeServerError(
                .certificate, operation: "read serving certificate \(files.certificate)", message: "no certificate in it, wanted PEM")
        }
        let key = try usable("serving key", files.key) { try NIOSSLPrivateKey(bytes: $0, format: .pem) }
        let roots = try files.clientCA.map { path in
            try usable("client CA", path) { try ClientVerifier.certificates(pem: String(decoding: $0, as: UTF8.self)) }
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        // Requests a certificate but does not require it; ClientVerifier decides whether it is trusted.
        configuration.certificateVerification = .optionalVerification
        // ClientVerifier has its own roots, and a machine may have no authorities at all.
        configuration.trustRoots = .certificates([])
        do {
            return Loaded(context: try NIOSSLContext(configuration: configuration), verifier: ClientVerifier(roots: roots ?? []), stamps: stamps)
        } catch {
            throw NodeServerError(
                .certificate, operation: "use serving certificate \(files.certificate)",
                message: "it does not go with the key in \(files.key), wanted a pair (\(error))")
        }
    }

    private static func usable<Value>(_ what: String, _ path: String, _ parse: ([UInt8]) throws -> Value) throws -> Value {
        do {
            return try parse(Array(try Data(contentsOf: URL(filePath: path))))
        } catch {
            throw NodeServerError(.certificate, operation: "read \(what) \(path)", message: "\(error); wanted a readable PEM file")
        }
    }
}
