import NIOCore
import NIOSSL

/// TLS that proves nothing about the peer: probes ask whether a program answers, not who it is.
enum ProbeTLS {
    private static let context: Result<NIOSSLContext, any Error> = Result {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .none
        configuration.trustRoots = .certificates([])
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        configuration.shutdownTimeout = .seconds(1)
        return try NIOSSLContext(configuration: configuration)
    }

    /// - Parameter host: sent as the server's name, unless it is an address.
    static func handler(host: String) throws -> NIOSSLClientHandler {
        let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
        return try NIOSSLClientHandler(context: context.get(), serverHostname: isAddress ? nil : host)
    }
}
