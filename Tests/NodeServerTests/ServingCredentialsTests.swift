import FoundationEssentials
import KubeModel
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import TestSupport
import Testing

@testable import NodeServer

/// The certificate that the endpoint serves, as files come and go.
@Suite(.timeLimit(.minutes(1))) struct ServingCredentialsTests {
    /// Whether a TLS handshake with these credentials succeeds.
    private func shakesHands(_ credentials: ServingCredentials, _ change: (inout TLSConfiguration) -> Void = { _ in }) async throws -> Bool {
        let context = credentials.current().context
        let group = MultiThreadedEventLoopGroup.singleton
        let server = try await ServerBootstrap(group: group).childChannelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
            }
        }.bind(host: "127.0.0.1", port: 0).get()
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.certificateVerification = .none
        change(&tls)
        let client = try NIOSSLContext(configuration: tls)
        let done = group.next().makePromise(of: Bool.self)
        let channel = try await ClientBootstrap(group: group).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(NIOSSLClientHandler(context: client, serverHostname: nil))
                try channel.pipeline.syncOperations.addHandler(HandshakeWatch(done: done))
            }
        }.connect(host: "127.0.0.1", port: server.localAddress?.port ?? 0).get()
        let result = try await done.futureResult.get()
        try? await channel.close()
        try await server.close()
        return result
    }

    @Test("handshakes fail until the awaited certificate is there, and it is served without a restart")
    func awaited() async throws {
        try await withTemporaryFolder { folder in
            let authority = try TestAuthority("a")
            let path = folder + "/kubelet-server-current.pem"
            let files = ServingFiles(pairs: [.init(certificate: path, key: path)], isAwaited: true, clientCA: nil)
            let credentials = try ServingCredentials(files: files, logger: .silent)
            let now = Timestamp(seconds: Int64(Date().timeIntervalSince1970))
            #expect(try await !shakesHands(credentials))
            #expect(credentials.end == nil)
            let issued = try authority.issue("system:node:n1")
            // Key first: the order does not matter.
            try TemporaryFolder.write(issued.keyPEM + issued.pem, to: path)
            credentials.reloadIfChanged()
            #expect(try await shakesHands(credentials))
            #expect((82_000...82_801).contains(Int(credentials.end?.timeInterval(since: now) ?? 0)))
            // A broken file leaves the loaded one in use, and a new start waits for another.
            try TemporaryFolder.write("broken", to: path)
            credentials.reloadIfChanged()
            #expect(try await shakesHands(credentials))
            let next = try ServingCredentials(files: files, logger: .silent)
            #expect(try await !shakesHands(next))
            try TemporaryFolder.write(issued.pem + issued.keyPEM, to: path)
            next.reloadIfChanged()
            #expect(try await shakesHands(next))
        }
    }

    @Test("configured files serve until the requested certificate is there")
    func configuredFilesFirst() async throws {
        try await withTemporaryFolder { folder in
            let authority = try TestAuthority("a")
            let own = try authority.issue("own")
            try TemporaryFolder.write(own.pem, to: folder + "/crt")
            try TemporaryFolder.write(own.keyPEM, to: folder + "/key")
            let path = folder + "/current.pem"
            let files = ServingFiles(
                pairs: [.init(certificate: path, key: path), .init(certificate: folder + "/crt", key: folder + "/key")], isAwaited: true,
                clientCA: nil)
            let credentials = try ServingCredentials(files: files, logger: .silent)
            #expect(try await shakesHands(credentials))
            #expect(files.present?.certificate == folder + "/crt")
            try TemporaryFolder.write(own.pem + own.keyPEM, to: path)
            #expect(files.present?.certificate == path)
            #expect(throws: NodeServerError.self) {
                try ServingCredentials(files: ServingFiles(pairs: [], isAwaited: true, clientCA: folder + "/none"), logger: .silent)
            }
        }
    }

    @Test("versions and suites below the configured ones are refused")
    func policy() async throws {
        try await withTemporaryFolder { folder in
            let pair = try TestAuthority("a").issue("own")
            try TemporaryFolder.write(pair.pem + pair.keyPEM, to: folder + "/pem")
            let files = ServingFiles(certificate: folder + "/pem", key: folder + "/pem", clientCA: nil)
            let newest = try ServingCredentials(files: files, policy: ServingTLSPolicy(minimum: .tls13), logger: .silent)
            #expect(try await !shakesHands(newest) { $0.maximumTLSVersion = .tlsv12 })
            #expect(try await shakesHands(newest))
            let one = try ServingCredentials(files: files, policy: ServingTLSPolicy(cipherSuites: [0xC02B]), logger: .silent)
            #expect(
                try await shakesHands(one) {
                    $0.maximumTLSVersion = .tlsv12
                    $0.cipherSuiteValues = [.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]
                })
            #expect(
                try await !shakesHands(one) {
                    $0.maximumTLSVersion = .tlsv12
                    $0.cipherSuiteValues = [.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]
                })
            #expect(try await !shakesHands(one) { ($0.minimumTLSVersion, $0.maximumTLSVersion) = (.tlsv1, .tlsv11) })
        }
    }
}

private final class HandshakeWatch: ChannelInboundHandler {
    typealias InboundIn = Any

    private let done: EventLoopPromise<Bool>

    init(done: EventLoopPromise<Bool>) { self.done = done }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if "\(event)".hasPrefix("handshakeCompleted") { done.succeed(true) }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        done.succeed(false)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        done.succeed(false)
        context.fireChannelInactive()
    }
}
