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
    }

    let access: ClusterAccess
    let server: ServerAddress
    let credentials: CredentialStore
    private let state = Mutex(State())

    init(access: ClusterAccess, time: any TimeSource) throws {
        guard let server = ServerAddress(access.server) else {
            throw APIError(
                .badConfiguration, operation: "use the server of", object: access.origin,
                reason: "found '\(access.server)', wanted a URL such as https://10.0.0.1:6443")
        }
        self.access = access
        self.server = server
        credentials = CredentialStore(access: access, time: time)
    }

    /// Returns a client with the newest credentials. Every `borrow` needs one `giveBack` on the result.
    func borrow(_ lane: HTTPLane) async throws -> (client: PooledClient, token: String?) {
        let fresh = try await credentials.current()
        return try state.withLock { state in
            guard !state.isClosed else {
                throw APIError(.closed, operation: "reach", object: access.server, reason: "this client was shut down")
            }
            retireOlder(than: fresh.generation, in: &state)
            let room = lane == .watches ? Self.watchesPerClient : Int.max
            if let client = state.clients[lane]?.first(where: { $0.users < room }) {
                client.use()
                return (client, fresh.token)
            }
            let client = PooledClient(lane: lane, credentials: fresh, server: server, tlsServerName: access.tlsServerName)
            client.use()
            state.clients[lane, default: []].append(client)
            return (client, fresh.token)
        }
    }

    /// Looks for new credentials now. Watches on connections of the old ones end and are started again by their owners.
    func reloadCredentials() async {
        await credentials.expireLook()
        guard let fresh = try? await credentials.current() else { return }
        state.withLock { retireOlder(than: fresh.generation, in: &$0) }
    }

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

    private func retireOlder(than generation: Int, in state: inout State) {
        for (lane, clients) in state.clients {
            let old = clients.filter { $0.generation < generation }
            guard !old.isEmpty else { continue }
            state.clients[lane] = clients.filter { $0.generation >= generation }
            // Calls may finish. A watch would go on with a certificate that may already be revoked.
            for client in old { client.retire(endingCalls: lane == .watches) }
        }
    }
}
