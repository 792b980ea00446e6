import AsyncHTTPClient
import FoundationEssentials
import KubeModel
import NIOCore
import NIOFoundationEssentialsCompat
import NIOHTTP1
import Timing

/// A client of one API server as one user. Copies share their connections.
package struct KubeClient: Sendable {
    package let access: ClusterAccess
    package let options: ClientOptions
    let transport: Transport
    private let limiter: RateLimiter
    private let lane: HTTPLane
    /// Replaces the priority of every call.
    private let priority: CallPriority?

    /// Touches neither files nor the network; the first call does.
    package init(_ access: ClusterAccess, options: ClientOptions) throws {
        self.access = access
        self.options = options
        transport = try Transport(access: access, silence: options.silence, time: options.time, logger: options.logger)
        limiter = RateLimiter(rate: max(0.1, options.queriesPerSecond), burst: options.burst, time: options.time)
        lane = .calls
        priority = nil
    }

    private init(_ other: KubeClient, limiter: RateLimiter, lane: HTTPLane, priority: CallPriority?) {
        access = other.access
        options = other.options
        transport = other.transport
        self.limiter = limiter
        self.lane = lane
        self.priority = priority
    }

    /// A copy with connections and a rate limit of its own, so that the node's lease never waits behind other calls.
    package func forLease() -> KubeClient {
        copy(rate: 5, burst: 10, lane: .lease)
    }

    /// A copy with connections and a rate limit of its own, so that no other call waits behind an event.
    /// - Parameters:
    ///   - queriesPerSecond: `eventRecordQPS`; 0 means no limit.
    ///   - burst: `eventBurst`.
    package func forEvents(queriesPerSecond: Double, burst: Int) -> KubeClient {
        copy(rate: queriesPerSecond > 0 ? queriesPerSecond : 1_000_000, burst: burst, lane: .events)
    }

    /// A copy with the same connections and the same rate limit, whose calls go before all others.
    package func forStatuses() -> KubeClient {
        KubeClient(self, limiter: limiter, lane: lane, priority: .status)
    }

    /// A copy with the same connections and a rate limit of its own.
    package func limited(queriesPerSecond: Double, burst: Int) -> KubeClient {
        copy(rate: queriesPerSecond, burst: burst, lane: lane)
    }

    private func copy(rate: Double, burst: Int, lane: HTTPLane) -> KubeClient {
        KubeClient(self, limiter: RateLimiter(rate: max(0.1, rate), burst: burst, time: options.time), lane: lane, priority: priority)
    }

    /// Ends every connection. Calls fail with `.closed` from then on.
    package func shutdown() { transport.shutdown() }

    /// Reads certificates, keys and tokens. Throws the first problem with one of them.
    package func checkCredentials() async throws {
        _ = try await transport.credentials.current()
        await transport.reloadCredentials()
    }

    /// Reads certificates and tokens again now instead of at the next call after ten seconds. No call and no watch ends by it.
    package func reloadCredentials() async { await transport.reloadCredentials() }

    /// Takes client certificate, key and token from the places that `other` names. No call and no watch ends by it.
    package func useCredentials(of other: ClusterAccess) async {
        await transport.credentials.use(other)
        await transport.reloadCredentials()
    }

    /// The client certificate in use; nil before the first call, and for a client without one.
    package var clientCertificate: CertificateInfo? { transport.certificate }

    /// Why the API server does not accept the credentials in use; nil while it does, or has not answered yet.
    package var refusal: APIError? { transport.refusal }

    /// The time since the API server's last answer, nil before the first.
    package var timeSinceLastContact: Duration? { transport.lastContact.map { options.time.now() - $0 } }

    /// Performs a call and returns its answer; everything but a 2xx status is thrown as `APIError`.
    package func perform(_ call: APICall) async throws -> APIAnswer {
        let deadline = Deadline(after: call.timeout, time: options.time)
        var retries = Retries()
        while true {
            let asked = options.time.now()
            try await limiter.wait(priority ?? call.priority, until: deadline, operation: call.operation, object: call.object)
            noteWait(call, since: asked)
            do {
                return try await attempt(call, deadline: deadline)
            } catch let error as APIError {
                guard let pause = retries.pause(after: error, isRepeatable: call.isRepeatable), pause < deadline.remaining else { throw error }
                if error.isUnauthorized { await transport.credentials.refused() }
                if pause > .zero { try await options.time.sleep(for: pause) }
            }
        }
    }

    private func attempt(_ call: APICall, deadline: Deadline) async throws -> APIAnswer {
        let loan = try await borrow(lane == .calls && call.priority == .list ? .lists : lane, operation: call.operation, object: call.object)
        let pooled = loan.client
        defer { pooled.giveBack() }
        do {
            let answer = try await deadline.run {
                APIError(
                    .timeout, operation: call.operation, object: call.object,
                    reason: "\(transport.server.authority) did not answer within \(call.timeout)")
            } _: {
                let response = try await execute(call, on: pooled.http, token: loan.credentials.token)
                let status = Int(response.status.code)
                let limit = (200..<300).contains(status) ? call.largestAnswer : 1 << 20
                let body = Data(buffer: try await response.body.collect(upTo: limit))
                transport.noteContact(at: options.time.now())
                guard (200..<300).contains(status) else {
                    throw failure(status: status, headers: response.headers, body: body, loan, operation: call.operation, object: call.object)
                }
                return APIAnswer(httpStatus: status, body: body)
            }
            transport.ended(nil, as: loan, random: 0)
            return answer
        } catch {
            throw translated(error, loan, operation: call.operation, object: call.object)
        }
    }

    func borrow(_ lane: HTTPLane, operation: String, object: String) async throws -> Transport.Loan {
        do {
            return try await transport.borrow(lane)
        } catch let error as APIError where error.isRefusal {
            // The refusal of an earlier call stands for this one.
            throw error.about(operation, object)
        }
    }

    func request(_ call: APICall, token: String?) -> HTTPClientRequest {
        let url = transport.server.url(call.path, hostOverride: access.tlsServerName) + APIPath.query(call.query)
        var request = HTTPClientRequest(url: url)
        request.method = HTTPMethod(rawValue: call.method)
        if access.tlsServerName != nil { request.headers.add(name: "Host", value: transport.server.authority) }
        request.headers.add(name: "User-Agent", value: options.userAgent)
        request.headers.add(name: "Accept", value: call.accept)
        if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
        if let body = call.body {
            request.headers.add(name: "Content-Type", value: call.contentType)
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        return request
    }

    /// The error of a call that has failed; the gate takes note of it.
    func translated(_ error: any Error, _ loan: Transport.Loan, operation: String, object: String) -> any Error {
        var shown = access
        shown.clientCertificate = loan.credentials.certificate == nil ? nil : .inline([], origin: loan.credentials.origin)
        var result = ConnectionFailure.translate(error, access: shown, server: transport.server, operation: operation, object: object)
        if let failure = result as? APIError {
            if failure.code == .clientCertificateRefused || failure.code == .untrustedServer, let note = certificateNote(loan) {
                result = failure.adding(note)
            }
            transport.ended(result as? APIError, as: loan, random: options.random())
        }
        return result
    }

    /// The hint of a refusal when the machine's clock explains it. It is the same text for a whole day, so that a log repeats it rarely.
    private func certificateNote(_ loan: Transport.Loan) -> String? {
        guard let certificate = loan.credentials.certificate else { return nil }
        let now = options.time.wallTime()
        switch certificate.standing(at: now) {
        case .valid: return nil
        case .ended: return "the client certificate in \(loan.credentials.origin) has ended at \(certificate.notAfter.rfc3339())"
        case .early:
            return "the client certificate in \(loan.credentials.origin) is valid from \(certificate.notBefore.rfc3339()), and this machine's clock "
                + "shows \(now.rfc3339().prefix(10)): set the clock"
        }
    }

    /// The error of an answer that is not a success. Proxies answer without a `Status`; the HTTP status stands in for it.
    func failure(
        status: Int, headers: HTTPHeaders, body: Data, _ loan: Transport.Loan, operation: String, object: String
    ) -> APIError {
        var found =
            (try? JSONDecoder().decode(Status.self, from: body)).flatMap { $0.kind == "Status" ? $0 : nil }
            ?? Status(status: "Failure", message: nil, reason: nil)
        if found.code == nil || found.code == 0 { found.code = status }
        let retryAfter = headers.first(name: "Retry-After").flatMap { Int($0) } ?? found.details?.retryAfterSeconds
        let hint =
            switch status {
            case 401: "; " + (certificateNote(loan) ?? "the credentials in the kubeconfig are not valid there")
            case 403: "; grant the missing permission or use other credentials"
            default: ""
            }
        var words = found.message ?? ""
        if words.isEmpty {
            words = String(decoding: body.prefix(200), as: UTF8.self).split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        }
        return APIError(
            .status, operation: operation, object: object,
            reason: "the API server answered \(status): \(words.isEmpty ? "no message" : words)\(hint)",
            status: found, retryAfterSeconds: retryAfter)
    }
}
