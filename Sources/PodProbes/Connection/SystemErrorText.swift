import Glibc
import NIOCore
import PodCore

/// Texts of failed system calls as Go prints them.
enum SystemErrorText {
    /// `connection refused`: the C library's text begins with a capital.
    static func text(_ code: CInt) -> String {
        let text = String(cString: strerror(code))
        return text.prefix(1).lowercased() + text.dropFirst()
    }

    /// `read tcp 10.0.0.1:41234->10.0.0.2:80: read: connection reset by peer`.
    static func read(_ error: IOError, on channel: any Channel) -> String {
        "read tcp \(endpoint(channel.localAddress))->\(endpoint(channel.remoteAddress)): read: \(text(error.errnoCode))"
    }

    private static func endpoint(_ address: SocketAddress?) -> String {
        HTTPCheck.authority(host: address?.ipAddress ?? "", port: address?.port ?? 0)
    }
}
