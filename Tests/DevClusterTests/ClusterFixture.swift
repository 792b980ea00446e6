import AsyncHTTPClient
import KubeModel
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import ServiceLifecycle
import TestSupport
import X509

@testable import DevCluster

/// A running cluster on loopback with its files in a directory of its own; both go away with the test.
struct ClusterFixture: Sendable {
    let base: String
    let directory: String

    static func run(_ body: @escaping @Sendable (ClusterFixture) async throws -> Void) async throws {
        let folder = try TemporaryFolder()
        let directory = folder.sub("cluster")
        var configuration = DevClusterConfiguration()
        configuration.port = 0
        configuration.directory = directory
        configuration.nodes = ["n1"]
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let cluster = try DevCluster(configuration, logger: logger) { port.yield($0) }
        try await withThrowingTaskGroup(of: Void.self) { [logger] group in
            let services = ServiceGroup(configuration: .init(services: [.init(service: cluster)], logger: logger))
            group.addTask {
                defer { port.finish() }
                try await services.run()
            }
            for await port in ports {
                do {
                    try await body(ClusterFixture(base: "https://127.0.0.1:\(port)", directory: directory))
                } catch {
                    await services.triggerGracefulShutdown()
                    throw error
                }
                break
            }
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
        }
        try folder.remove()
    }

    /// A client with the administrator's certificate, or with none.
    func withClient(certificate: Bool = true, _ body: (HTTPClient) async throws -> Void) async throws {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .file("\(directory)/ca.crt")
        if certificate {
            tls.certificateChain = try NIOSSLCertificate.fromPEMFile("\(directory)/admin.crt").map { .certificate($0) }
            tls.privateKey = .privateKey(try NIOSSLPrivateKey(file: "\(directory)/admin.key", format: .pem))
        }
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls)
        configuration.httpVersion = .http1Only
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        do {
            try await body(client)
        } catch {
            try? await client.shutdown()
            throw error
        }
        try await client.shutdown()
    }

    func call(
        _ client: HTTPClient, _ method: HTTPMethod, _ path: String, _ body: JSONValue? = nil, type: String = "application/json",
        headers: HTTPHeaders = [:]
    ) async throws -> (status: Int, body: JSONValue) {
        var request = HTTPClientRequest(url: base + path)
        request.method = method
        request.headers = headers
        if let body {
            request.headers.replaceOrAdd(name: "Content-Type", value: type)
            request.body = .bytes(ByteBuffer(bytes: JSONWriter.bytes(body)))
        }
        let response = try await client.execute(request, timeout: .seconds(20))
        let bytes = try await response.body.collect(upTo: 4 << 20)
        return (Int(response.status.code), (try? JSONParser.parse(bytes.readableBytesView)) ?? .string(String(buffer: bytes)))
    }
}
