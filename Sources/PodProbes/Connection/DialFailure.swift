import NIOCore
import PodCore

/// Why no connection could be made.
struct DialFailure: Error {
    let cause: any Error

    init(_ cause: any Error) {
        self.cause = cause
    }

    /// As Go's dialer prints it: `dial tcp 10.0.0.1:80: connect: connection refused`.
    func text(host: String, port: Int) -> String {
        let reason: String
        switch cause {
        case let unknown as UnknownHost: return "dial tcp: lookup \(unknown.name): no such host"
        case let error as IOError: reason = "connect: " + SystemErrorText.text(error.errnoCode)
        case ChannelError.connectTimeout: return Self.timeoutText(host: host, port: port)
        default: reason = "\(cause)"
        }
        return "dial tcp \(HTTPCheck.authority(host: host, port: port)): \(reason)"
    }

    static func timeoutText(host: String, port: Int) -> String { "dial tcp \(HTTPCheck.authority(host: host, port: port)): i/o timeout" }
}
