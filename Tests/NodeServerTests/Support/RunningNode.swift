import AsyncHTTPClient
import FoundationEssentials
import KubeModel
import Logging
import MetricsStore
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NodeServer
import PodCore
import ServiceLifecycle
import Synchronization
import TestSupport

/// The HTTPS endpoint on a port of its own, with an authority that signs clients.
struct RunningNode: Sendable {
    let port: Int
    let runtime: FakeRuntime
    let ports: FakePorts
    let authority: TestAuthority
    let metrics: MetricsRegistry
    let folder: String
    let credentials: ServingCredentials
    let stop: @Sendable () async -> Void

    static let reader = "prometheus"
    static let apiServer = "kube-apiserver-kubelet-client"

    static func run<Result: Sendable>(
        reviewer: FakeReviewer? = nil, allowsAnonymous: Bool = false, view: FakeView = FakeView(),
        streamTimes: StreamTimes = StreamTimes(), systemLogs: SystemLogs? = nil, servesDebuggingPaths: Bool = true,
        _ body: @Sendable (RunningNode) async throws -> Result
    ) async throws -> Result {
        try await withTemporaryFolder { folder in
            let authority = try TestAuthority("clients")
            let server = try authority.issue("n1", dnsNames: ["localhost"])
            try TemporaryFolder.write(server.pem, to: folder + "/tls.crt")
            try TemporaryFolder.write(server.keyPEM, to: folder + "/tls.key")
            try TemporaryFolder.write(authority.pem, to: folder + "/ca.crt")
            let logger = Logger.silent
            let credentials = try ServingCredentials(
                files: ServingFiles(certificate: folder + "/tls.crt", key: folder + "/tls.key", clientCA: folder + "/ca.crt"), logger: logger)
            let reviewer = reviewer ?? FakeReviewer(grants: ["\(apiServer) create proxy", "\(apiServer) get proxy", "\(reader) get proxy"])
            let runtime = FakeRuntime()
            let fakePorts = FakePorts()
            let metrics = MetricsRegistry(Catalogue.node)
            let (ports, listening) = AsyncStream<Int>.makeStream()
            let endpoint = NodeEndpointServer(
                address: .tcp(host: "127.0.0.1", port: 0), credentials: credentials,
                access: AccessControl(nodeName: "n1", reviewer: reviewer, allowsAnonymous: allowsAnonymous, logger: logger), view: view,
                runtime: runtime, ports: fakePorts, pages: FakePages(), systemLogs: systemLogs,
                nodePage: NodePageAnswer(view: view, statistics: nil, services: nil, time: ManualTime(epoch: Timestamp(seconds: 1000))),
                servesDebuggingPaths: servesDebuggingPaths, metrics: metrics, streamTimes: streamTimes,
                time: ManualTime(epoch: Timestamp(seconds: 1000)), logger: logger,
                onListening: { listening.yield($0?.port ?? 0) })
            let group = ServiceGroup(services: [endpoint], logger: logger)
            return try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await group.run() }
                var iterator = ports.makeAsyncIterator()
                let port = await iterator.next() ?? 0
                let node = RunningNode(
                    port: port, runtime: runtime, ports: fakePorts, authority: authority, metrics: metrics, folder: folder, credentials: credentials,
                    stop: { await group.triggerGracefulShutdown() })
                let result = try await body(node)
                await group.triggerGracefulShutdown()
                try await tasks.waitForAll()
                return result
            }
        }
    }

    func tls(_ client: TestAuthority.Issued?) throws -> TLSConfiguration {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(authority.pem.utf8)))
        if let client {
            tls.certificateChain = try NIOSSLCertificate.fromPEMBytes(Array(client.pem.utf8)).map { .certificate($0) }
            tls.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: Array(client.keyPEM.utf8), format: .pem))
        }
        return tls
    }

    /// Status and body of one request.
    func request(
        _ path: String, method: HTTPMethod = .GET, as client: TestAuthority.Issued? = nil, token: String? = nil, headers: HTTPHeaders = [:]
    ) async throws -> (status: Int, text: String) {
        var configuration = HTTPClient.Configuration(tlsConfiguration: try tls(client))
        configuration.httpVersion = .http1Only
        let http = HTTPClient(configuration: configuration)
        do {
            var request = HTTPClientRequest(url: "https://127.0.0.1:\(port)\(path)")
            request.method = method
            request.headers = headers
            if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
            let response = try await http.execute(request, timeout: .seconds(20))
            let body = try await response.body.collect(upTo: 64 << 20)
            try await http.shutdown()
            return (Int(response.status.code), String(buffer: body))
        } catch {
            try? await http.shutdown()
            throw error
        }
    }

    /// Sends requests as they are over one connection, each without a wait for the answer to the one before it, and reads up to the connection's end.
    func exchange(_ requests: [String], as client: TestAuthority.Issued? = nil) async throws -> String {
        let context = try NIOSSLContext(configuration: tls(client))
        let connection = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connect(host: "127.0.0.1", port: port) { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(NIOSSLClientHandler(context: context, serverHostname: nil))
                return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
            }
        }
        return try await connection.executeThenClose { inbound, outbound in
            for request in requests { try await outbound.write(ByteBuffer(string: request)) }
            var text = ""
            for try await bytes in inbound { text += String(buffer: bytes) }
            return text
        }
    }

    func client(_ version: StreamProtocol = .v5, as user: String = apiServer) throws -> StreamClient {
        let context = try NIOSSLContext(configuration: tls(try authority.client(user)))
        return StreamClient(
            transport: .tcp(host: "127.0.0.1", port: port) { channel in
                try channel.pipeline.syncOperations.addHandler(NIOSSLClientHandler(context: context, serverHostname: nil))
            }, version: version)
    }
}
