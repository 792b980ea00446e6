import Addresses
import AsyncHTTPClient
import HTTPUpgrade
import HummingbirdCore
import HummingbirdTLS
import KubeModel
package import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import NIOSSL
import ServiceLifecycle
import Timing

/// A small Kubernetes control plane in one process and in memory, for trying swiftlet out and for its tests.
package struct DevCluster: ServiceLifecycle.Service, CustomStringConvertible {
    /// Not the members: keys are among them, and services are printed in logs.
    package var description: String { "DevCluster(\(configuration.listenHost):\(configuration.port))" }

    private let configuration: DevClusterConfiguration
    private let time = SystemTime()
    private let logger: Logger
    private let store: ObjectStore
    private let authority: CertificateAuthority
    private let rules: ObjectRules
    private let authenticator: Authenticator
    private let onListening: @Sendable (Int) -> Void

    /// `onListening` is called with the port when the API answers and all files are written.
    package init(_ configuration: DevClusterConfiguration, logger: Logger, onListening: @escaping @Sendable (Int) -> Void = { _ in }) throws {
        self.configuration = configuration
        self.logger = logger
        self.onListening = onListening
        guard configuration.serviceRange.count >= 8 else {
            throw DevClusterError(.badConfiguration, "the service range \(configuration.serviceRange) is too small: use at least a /29")
        }
        store = ObjectStore(historyLength: configuration.historyLength, time: time)
        authority = try CertificateAuthority(time: time)
        rules = ObjectRules(services: ServiceRules(clusterRange: configuration.serviceRange))
        let bootstrap = Identity(user: "system:bootstrap:devcluster", groups: ["system:bootstrappers", "system:authenticated"])
        authenticator = Authenticator(
            tokens: ServiceAccountTokens(time: time),
            bootstrapTokens: Dictionary(configuration.bootstrapTokens.map { ($0, bootstrap) }, uniquingKeysWith: { first, _ in first }))
    }

    package func run() async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let client = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: try clientConfiguration())
        do {
            try await serve(group, client)
        } catch {
            try? await client.shutdown()
            throw error
        }
        try await client.shutdown()
    }

    private func serve(_ group: any EventLoopGroup, _ client: HTTPClient) async throws {
        let gateway = NodeGateway(client: client, tls: try NIOSSLContext(configuration: try clientTLS()), group: group, logger: logger)
        let api = APIServer(
            store: store, rules: rules, authenticator: authenticator, authorizer: Authorizer(nodesAreProxiers: configuration.nodesAreProxiers),
            nodes: gateway, logger: logger)
        let service = APIService(api: api)
        let builder = try HTTPServerBuilder.tls(
            .http1Upgradable(configuration: .init(additionalChannelHandlers: [CloseOnInputClosed()])) { try await service.upgrade($0) },
            tlsConfiguration: try serverTLS())
        let beginning = NIOLockedValueBox<(any Error)?>(nil)
        let server = try builder.buildServer(
            configuration: .init(address: .hostname(configuration.listenHost, port: configuration.port), serverName: "swiftlet-devcluster"),
            eventLoopGroup: group, logger: logger, responder: service.responder,
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? configuration.port
                do {
                    try await begin(port)
                    onListening(port)
                } catch {
                    beginning.withLockedValue { $0 = error }
                    channel.close(promise: nil)
                }
            })
        let store = store
        // Controllers and watches end when the server does, for whatever reason.
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            addControllers(&tasks)
            tasks.addTask {
                // Open watches would hold a graceful end up.
                try? await gracefulShutdown()
                await store.endAllWatches()
            }
            let result: Result<Void, any Error>
            do {
                result = .success(try await server.run())
            } catch {
                result = .failure(
                    DevClusterError(
                        .cannotListen,
                        "cannot serve on \(configuration.listenHost):\(configuration.port): \(error): choose another --listen or --port"))
            }
            await store.endAllWatches()
            tasks.cancelAll()
            try result.get()
            if let error = beginning.withLockedValue({ $0 }) { throw error }
        }
    }

    private func addControllers(_ tasks: inout ThrowingTaskGroup<Void, any Error>) {
        let (store, time, logger) = (store, time, logger)
        let controllers: [any Controller] = [
            NamespaceController(rules: rules, authorityPEM: authority.certificatePEM), NodeRangeController(podRange: configuration.podRange),
            CertificateController(
                signer: CertificateSigner(
                    authority: authority, approvesServing: configuration.approvesServing, longestLife: configuration.certificateLife)),
            Scheduler(), EndpointSliceController(),
            VolumeBinder(),
        ]
        for controller in controllers { tasks.addTask { await controller.run(store, logger) } }
        let timed: [any TimedController] = [NodeLifecycle(graceSeconds: configuration.leaseGraceSeconds), EventExpiry()]
        for controller in timed {
            tasks.addTask { await controller.run(store, time, logger) }
        }
    }

    /// Makes the first objects and writes the files, now that the port is known.
    private func begin(_ port: Int) async throws {
        let rules = rules
        let bootstrap = BootstrapObjects(host: configuration.advertiseHost, port: port, serviceRange: configuration.serviceRange)
        try await store.transaction { try bootstrap.create(rules, $0) }
        let files = CredentialFiles(directory: configuration.directory)
        try files.makeDirectory()
        let host = configuration.advertiseHost.contains(":") ? "[\(configuration.advertiseHost)]" : configuration.advertiseHost
        let server = "https://\(host):\(port)"
        try files.write("ca.crt", authority.certificatePEM, isSecret: false)
        let admin = try authority.client(user: "kubernetes-admin", groups: ["system:masters"])
        try files.write("admin.crt", admin.certificatePEM, isSecret: false)
        try files.write("admin.key", admin.keyPEM, isSecret: true)
        try files.write(
            "admin.kubeconfig", Kubeconfig.text(server: server, authorityPEM: authority.certificatePEM, user: "kubernetes-admin", credential: admin),
            isSecret: true)
        for node in configuration.nodes {
            let user = "system:node:\(node)"
            let credential = try authority.client(user: user, groups: ["system:nodes"])
            try files.write(
                "node-\(node).kubeconfig",
                Kubeconfig.text(server: server, authorityPEM: authority.certificatePEM, user: user, credential: credential),
                isSecret: true)
        }
    }

    // MARK: TLS

    private func serverTLS() throws -> TLSConfiguration {
        let names = [
            "127.0.0.1", "localhost", configuration.serviceRange.address(1).description, "kubernetes", "kubernetes.default", "kubernetes.default.svc",
            "kubernetes.default.svc.cluster.local",
        ]
        let more = ([configuration.listenHost, configuration.advertiseHost] + configuration.serverNames).filter {
            !names.contains($0) && $0 != "0.0.0.0" && !$0.contains(":")
        }
        let credential = try authority.server(commonName: "kube-apiserver", names: names + more)
        var tls = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(credential.certificatePEM.utf8)).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(credential.keyPEM.utf8), format: .pem)))
        // A client may come without a certificate; one that it shows must be of this authority.
        tls.certificateVerification = .optionalVerification
        tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(authority.certificatePEM.utf8)))
        tls.sendCANameList = true
        // Peers are near: a stop need not wait long for their close.
        tls.shutdownTimeout = .milliseconds(500)
        tls.minimumTLSVersion = .tlsv12
        tls.applicationProtocols = ["http/1.1"]
        return tls
    }

    /// The API server's own identity towards nodes.
    private func clientTLS() throws -> TLSConfiguration {
        let credential = try authority.client(user: "kube-apiserver-kubelet-client", groups: ["system:masters"])
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.certificateChain = try NIOSSLCertificate.fromPEMBytes(Array(credential.certificatePEM.utf8)).map { .certificate($0) }
        tls.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: Array(credential.keyPEM.utf8), format: .pem))
        if let file = configuration.kubeletAuthorityFile {
            tls.trustRoots = .file(file)
            tls.certificateVerification = .noHostnameVerification
        } else {
            tls.certificateVerification = .none
        }
        tls.applicationProtocols = ["http/1.1"]
        return tls
    }

    private func clientConfiguration() throws -> HTTPClient.Configuration {
        var client = HTTPClient.Configuration(tlsConfiguration: try clientTLS(), redirectConfiguration: .disallow)
        client.timeout.connect = .seconds(10)
        client.httpVersion = .http1Only
        return client
    }
}
