import Logging
import Synchronization
import Timing

/// The connections to one API server. Builds new ones when the credentials change.
final class Transport: Sendable {
    /// API servers take 100 streams a connection; a few stay free for streams that are just ending.
    static let watchesPerClient = 80

    private struct State {
        var clients: [HTTPLane: [PooledClient]] = [:]
        var isClosed = false
        var lastContact: Duration?
        var gate = RefusalGate()
        /// Of the newest credentials that were read.
        var identity: RefusalGate.Identity?
        var certificate: CertificateInfo?
    }

    let access: ClusterAccess
    let server: ServerAddress
    let credentials: CredentialStore
    private let silence: Duration
    private let time: any TimeSource
    private let state = Mutex(State())

    /// - Parameter silence: of a connection of watches, before its server is asked for a sign of life.
    init(access: ClusterAccess, silence: Duration, time: any TimeSource, logger: Logger) throws {
        guard let server = ServerAddress(access.server) else {
            throw APIError(
                .badConfiguration, operation: "use the server of", object: access.origin,
                reason: "found '\(access.server)', wanted a URL such as https://10.0.0.1:6443")
        }
        self.access = access
        self.server = server
        self.silence = silence
        self.time = time
        credentials = CredentialStore(access: access, time: time, logger: logger)
    }

    /// A client with its credentials, for one call.
    struct Loan: Sendable {
        let client: PooledClient
        let credentials: LoadedCredentials

        var identity: RefusalGate.Identity { RefusalGate.Identity(generation: credentials.generation, token: credentials.token) }
    }

    /// Returns a client with the newest credentials. Every `borrow` needs one `giveBack` on the client. Throws the server's last refusal while it is
    /// too early to offer the same credentials again.
    func borrow(_ lane: HTTPLane) async throws -> Loan {
        let fresh = try await credentials.current()
        return try state.withLock { state in
            guard !state.isClosed else {
                throw APIError(.closed, operation: "reach", object: access.server, reason: "this client was shut down")
            }
            retireOlder(than: fresh, in: &state)
            if let identity = state.identity, let refusal = state.gate.refusal(of: identity, at: time.now()) { throw refusal }
            let room = lane == .watches ? Self.watchesPerClient : Int.max
            if let client = state.clients[lane]?.first(where: { $0.users < room }) {
                client.use()
                return Loan(client: client, credentials: fresh)
            }
            let client = PooledClient(lane: lane, credentials: fresh, server: server, tlsServerName: access.tlsServerName, silence: silence)
            client.use()
            state.clients[lane, default: []].append(client)
            return Loan(client: client, credentials: fresh)
        }
    }

    /// Looks for new credentials now. Calls and watches under way go on to their end.
    func reloadCredentials() async {
        await credentials.expireLook()
        guard let fresh = try? await credentials.current() else { return }
        state.withLock { retireOlder(than: fresh, in: &$0) }
    }

    /// Takes the end of a call, nil for an answer with success.
    func ended(_ error: APIError?, as loan: Loan, random: Double) {
        state.withLock { $0.gate.ended(error, as: loan.identity, at: time.now(), random: random) }
    }

    /// The last refusal, while the server refuses the credentials in use.
    var refusal: APIError? {
        state.withLock { state in state.identity.flatMap { state.gate.refusal(of: $0) } }
    }

    /// The client certificate that was read last.
    var certificate: CertificateInfo? { state.withLock { $0.certificate } }

    func noteContact(at now: Duration) { state.withLock { $0.lastContact = now } }
    var lastContact: Duration? { state.withLock { $0.lastContact } }

    func shutdown() {
        let all = state.withLock { state in
            state.isClosed = true
            defer { state.clients = [:] }
            return state.clients.values.flatMap { $0 }
        }
        for client in all { client.retire(endingCalls: true) }
    }

    private func retireOlder(than fresh: LoadedCredentials, in state: inout State) {
        state.identity = RefusalGate.Identity(generation: fresh.generation, token: fresh.token)
        state.certificate = fresh.certificate
        for (lane, clients) in state.clients {
            let old = clients.filter { $0.generation < fresh.generation }
            guard !old.isEmpty else { continue }
            state.clients[lane] = clients.filter { $0.generation >= fresh.generation }
            // A server ends each watch within ten minutes, and the next one has the new certificate. Only a change of the authorities ends watches:
            // the server on the other side may be one that is no longer trusted.
            for client in old { client.retire(endingCalls: lane == .watches && client.trust < fresh.trust) }
        }
    }
}
