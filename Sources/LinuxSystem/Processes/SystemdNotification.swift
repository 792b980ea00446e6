import Glibc

/// Messages to the service manager that started this process (sd_notify(3)): a datagram to the socket in `NOTIFY_SOCKET`.
package struct SystemdNotification: Sendable {
    private let path: String
    /// How often `WATCHDOG=1` is to be sent: half of what the manager waits. `nil` without a watchdog.
    package let watchdogInterval: Duration?

    /// `nil` when no service manager expects messages.
    package init?() {
        guard let path = Self.variable("NOTIFY_SOCKET"), path.hasPrefix("/") || path.hasPrefix("@") else { return nil }
        self.path = path
        let isForThis = Self.variable("WATCHDOG_PID").map { $0 == String(getpid()) } ?? true
        watchdogInterval = isForThis ? Self.variable("WATCHDOG_USEC").flatMap { Int64($0) }.map { .microseconds($0 / 2) } : nil
    }

    /// Sends assignments such as `READY=1`, one a line. Not answered, so nothing waits.
    package func send(_ text: String) throws(SystemError) {
        let socket = try descriptorCall("socket") { Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw SystemError(code: .tooLarge, call: "sendto", path: path, detail: "NOTIFY_SOCKET is longer than a socket's name can be")
        }
        // An abstract socket's name begins with a zero byte.
        if bytes.first == UInt8(ascii: "@") { bytes[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        let message = Array(text.utf8)
        try systemCall("sendto", path) {
            withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { target in
                    socket.withRawValue { sendto($0, message, message.count, Int32(MSG_NOSIGNAL), target, length) }
                }
            }
        }
    }

    private static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }
}
