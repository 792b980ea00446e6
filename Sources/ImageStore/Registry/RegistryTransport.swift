import AsyncHTTPClient
import Glibc
import LinuxSystem
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Timing

/// Sends GET and HEAD requests: follows redirects without passing credentials on, and waits when a server asks for it.
struct RegistryTransport: Sendable {
    let clients: RegistryClients
    let keyring: NodeKeyring
    let configuration: RegistryConfiguration
    let timing: RegistryTiming
    let time: any TimeSource

    /// An answer, and whether it came from a redirect's server.
    struct Answer: Sendable {
        let response: HTTPClientResponse
        let url: RegistryURL
        let isRedirected: Bool
    }

    init(configuration: RegistryConfiguration, timing: RegistryTiming, time: any TimeSource, pool: BlockingPool, logger: Logger) {
        clients = RegistryClients(proxies: configuration.proxies, timing: timing)
        keyring = NodeKeyring(configuration.credentials, pool: pool, time: time, logger: logger)
        self.configuration = configuration
        self.timing = timing
        self.time = time
    }

    private static let mostRedirects = 5
    private static let tokenAnswerBytes = 1 << 20

    /// - Parameter authorization: for the first server only, and for redirects to its origin.
    func get(
        _ url: RegistryURL, method: HTTPMethod = .GET, tls: TLSConfiguration?, headers: HTTPHeaders, authorization: String?, follows: Bool = true
    ) async throws -> Answer {
        var attempt = 0
        var backOff = timing.backOff
        var isRepeated = false
        while true {
            let answer: Answer
            do {
                answer = try await follow(url, method, tls: tls, headers: headers, authorization: authorization, follows: follows)
            } catch let error as ImageStoreError where !isRepeated && Self.isLost(error.cause) {
                // A server may close a connection that was kept open at the very moment of a request.
                isRepeated = true
                continue
            }
            let status = answer.response.status.code
            guard status == 429 || status == 502 || status == 503 || status == 504, attempt < timing.retries else { return answer }
            let asked = answer.response.headers.first(name: "Retry-After").flatMap { RetryAfter.pause($0, now: time.wallTime()) }
            // A longer wait is left to the pod's own back-off.
            if let asked, asked > timing.longestRetryAfter { return answer }
            attempt += 1
            await discard(answer.response)
            let pause = backOff.next()
            try await time.sleep(for: asked ?? pause)
        }
    }

    private func follow(
        _ start: RegistryURL, _ method: HTTPMethod, tls: TLSConfiguration?, headers: HTTPHeaders, authorization: String?, follows: Bool
    ) async throws -> Answer {
        var url = start
        var authorization = authorization
        for _ in 0...Self.mostRedirects {
            let isStart = url.isSameOrigin(as: start)
            var request = HTTPClientRequest(url: url.text)
            request.method = method
            request.headers = headers
            request.headers.replaceOrAdd(name: "User-Agent", value: "swiftlet")
            if !isStart { authorization = nil }
            if let authorization { request.headers.replaceOrAdd(name: "Authorization", value: authorization) }
            request.tlsConfiguration = isStart ? tls : RegistryEndpoint.tls(for: url.authority, in: configuration)
            let response: HTTPClientResponse
            do {
                let client = try clients.client(for: url)
                response = try await client.execute(request, deadline: .now() + .nanoseconds(timing.answer.nanoseconds))
            } catch {
                // A proxy that refuses says nothing about the registry.
                let isDirect = try configuration.proxies.proxy(for: url) == nil
                guard isDirect, Self.isRefused(error) else { throw Self.unreachable(error, url) }
                throw ImageStoreError(.unavailable, "GET", "\(url)", "no answer", cause: error)
            }
            guard [301, 302, 303, 307, 308].contains(response.status.code) else {
                return Answer(response: response, url: url, isRedirected: url != start)
            }
            await discard(response)
            guard follows, let location = response.headers.first(name: "Location"), let next = RegistryURL(location, relativeTo: url) else {
                throw ImageStoreError(.refused, "GET", "\(url)", "found a redirect to nowhere usable")
            }
            if next.scheme == "http", url.scheme != "http" || !RegistryEndpoint.isPlainAllowed(next.authority, in: configuration) {
                throw ImageStoreError(.refused, "GET", "\(url)", "found a redirect to \(next), wanted https there")
            }
            url = next
        }
        throw ImageStoreError(.refused, "GET", "\(start)", "found more than \(Self.mostRedirects) redirects")
    }

    /// Returns the whole body; throws `.tooLarge` beyond `limit` bytes.
    func body(_ answer: Answer, limit: Int) async throws -> [UInt8] {
        func tooLarge() -> ImageStoreError {
            ImageStoreError(.tooLarge, "GET", "\(answer.url)", "found an answer of more than \(limit) bytes")
        }
        if let length = answer.response.headers.first(name: "Content-Length").flatMap({ Int($0) }), length > limit { throw tooLarge() }
        var bytes: [UInt8] = []
        do {
            for try await part in answer.response.body {
                guard bytes.count + part.readableBytes <= limit else { throw tooLarge() }
                bytes += part.readableBytesView
            }
        } catch {
            throw Self.unreachable(error, answer.url)
        }
        return bytes
    }

    /// Returns the answer of a token endpoint, which is small and never redirects.
    func token(_ url: RegistryURL, authorization: String?) async throws -> (status: UInt, body: [UInt8]) {
        let tls = RegistryEndpoint.tls(for: url.authority, in: configuration)
        let answer = try await get(url, tls: tls, headers: HTTPHeaders(), authorization: authorization, follows: false)
        return (answer.response.status.code, try await body(answer, limit: Self.tokenAnswerBytes))
    }

    /// Reads the rest of the body so that the connection can be used again; gives up on a long rest.
    func discard(_ response: HTTPClientResponse) async {
        var read = 0
        do {
            for try await part in response.body {
                read += part.readableBytes
                if read > 64 << 10 { return }
            }
        } catch {}
    }

    static func unreachable(_ error: any Error, _ url: RegistryURL) -> ImageStoreError {
        if let known = error as? ImageStoreError { return known }
        if error is CancellationError || (error as? HTTPClientError) == .cancelled {
            return ImageStoreError(.cancelled, "GET", "\(url)", "the pull was cancelled")
        }
        return ImageStoreError(.unreachable, "GET", "\(url)", "no answer", cause: error)
    }

    /// Whether the server has closed the connection instead of answering.
    private static func isLost(_ error: (any Error)?) -> Bool {
        (error as? HTTPClientError) == .remoteConnectionClosed || [ECONNRESET, EPIPE].contains((error as? IOError)?.errnoCode)
    }

    /// Whether every address of a host refuses connections.
    private static func isRefused(_ error: any Error) -> Bool {
        guard let connection = error as? NIOConnectionError else { return (error as? IOError)?.errnoCode == ECONNREFUSED }
        return !connection.connectionErrors.isEmpty && connection.connectionErrors.allSatisfy { ($0.error as? IOError)?.errnoCode == ECONNREFUSED }
    }
}
