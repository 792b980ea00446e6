import FoundationEssentials
package import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// The HTTPS server's certificate and client CA, read again when their files change.
///
/// A new connection starts a look at the files when the last look is older than ``interval``; that connection still gets
/// what is there, later ones get the new certificate. Without connections nothing is looked at.
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

    /// Looks at the files now; blocks. A broken file leaves what was there.
    package func reloadIfChanged() {
        guard files.all.map(FileStamp.init) != state.withLock({ $0.loaded.stamps }) else { return }
        do {
            let loaded = try Self.load(files)
            state.withLock { state in
                state.loaded = loaded
                state.complaint = nil
            }
            logger.info("serving certificate loaded again", metadata: ["file": "\(files.certificate)"])
        } catch {
            let complaint = "\(error)"
            let isNew = state.withLock { state in
                defer { state.complaint = complaint }
                return state.complaint != complaint
            }
            if isNew { logger.error("changed serving certificate cannot be used; the old one stays", metadata: ["error": "\(complaint)"]) }
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
        // Asks for a certificate and takes a connection without; what a certificate is worth is decided by ClientVerifier.
        configuration.certificateVerification = .optionalVerification
        // For the same reason none of the machine's authorities: a machine may have none at all.
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
