import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Turns what the network libraries throw into this target's error, once, at the border.
enum ConnectionFailure {
    static func translate(_ error: any Error, access: ClusterAccess, server: ServerAddress, operation: String, object: String) -> any Error {
        if error is APIError || error is CancellationError { return error }
        func failure(_ code: APIError.Code, _ reason: String) -> APIError {
            APIError(code, operation: operation, object: object, reason: reason, cause: shown(error))
        }
        if let error = error as? NIOConnectionError {
            let causes = error.connectionErrors.map { shown($0.error) }
            if let first = causes.first {
                return APIError(
                    .unreachable, operation: operation, object: object,
                    reason:
                        "no connection to \(server.authority): \(first); check that the API server runs there and 'server' in \(access.origin)"
                )
            }
            let lookup = error.dnsAError ?? error.dnsAAAAError
            return APIError(
                .unreachable, operation: operation, object: object,
                reason: "the name \(server.host) was not found; check 'server' in \(access.origin) and the machine's DNS", cause: lookup.map(shown))
        }
        if isCertificateFailure(error) { return failure(.untrustedServer, untrusted(access, server)) }
        if isHostnameFailure(error) {
            let name = access.tlsServerName ?? server.host
            return failure(
                .untrustedServer,
                "the certificate of \(server.authority) is not for '\(name)'; set tls-server-name in \(access.origin) to a name that it has")
        }
        let text = shown(error)
        if text.contains("ALERT") || text.contains("CERTIFICATE_REQUIRED") {
            let certificate = access.clientCertificate.map { " \($0)" } ?? ""
            return failure(
                .clientCertificateRefused, "\(server.authority) refused the TLS handshake; it may not accept the client certificate\(certificate)")
        }
        if error is NIOSSLError || error is NIOSSLExtraError {
            return failure(.tls, "the TLS handshake with \(server.authority) failed; check that an HTTPS server listens there")
        }
        if let error = error as? HTTPClientError {
            switch error {
            case .connectTimeout, .getConnectionFromPoolTimeout, .tlsHandshakeTimeout:
                return failure(.unreachable, "\(server.authority) did not answer the connection attempt in time")
            case .deadlineExceeded, .readTimeout, .writeTimeout:
                return failure(.timeout, "\(server.authority) did not answer in time")
            case .remoteConnectionClosed, .cancelled, .requestStreamCancelled, .uncleanShutdown, .alreadyShutdown:
                return Task.isCancelled ? CancellationError() : failure(.connectionLost, "the connection to \(server.authority) ended")
            default:
                return failure(.badAnswer, "talking to \(server.authority) failed")
            }
        }
        if let error = error as? IOError {
            return failure(error.errnoCode == ECONNREFUSED ? .unreachable : .connectionLost, "the connection to \(server.authority) failed")
        }
        if error is HTTPParserError {
            return failure(.badAnswer, "\(server.authority) does not answer with HTTP; check 'server' in \(access.origin)")
        }
        if error is NIOTooManyBytesError { return failure(.tooLarge, "the answer is larger than this client accepts") }
        return failure(.connectionLost, "the connection to \(server.authority) failed")
    }

    private static func untrusted(_ access: ClusterAccess, _ server: ServerAddress) -> String {
        guard let authority = access.certificateAuthority else {
            return "the certificate of \(server.authority) is not signed by an authority that this machine trusts; "
                + "set certificate-authority in \(access.origin) to the cluster's CA"
        }
        return "the certificate of \(server.authority) is not signed by the certificate authority in \(authority), or is out of date; "
            + "put the CA of that cluster there"
    }

    private static func isCertificateFailure(_ error: any Error) -> Bool {
        shown(error).contains("CERTIFICATE_VERIFY_FAILED")
    }

    private static func isHostnameFailure(_ error: any Error) -> Bool {
        guard let error = error as? NIOSSLExtraError else { return shown(error).contains("failedToValidateHostname") }
        return error == .failedToValidateHostname
    }

    private static func shown(_ error: any Error) -> String {
        switch error {
        case let error as IOError: "\(error)"
        case let error as HTTPClientError: error.shortDescription
        default: "\(error)"
        }
    }
}
