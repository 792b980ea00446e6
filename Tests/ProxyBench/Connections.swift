import Addresses
import Glibc
import LinuxSystem

/// New connections, one after the other, as fast as they come. Their server takes and closes them.
enum Connections {
    static func serve(port: UInt16) throws {
        let listener = try systemCall("socket") { socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0) }
        var address = socketAddress(0, port)
        try withPointer(to: &address) { pointer, size in
            _ = try systemCall("bind") { bind(listener, pointer, size) }
        }
        _ = try systemCall("listen") { listen(listener, 4096) }
        print("ready")
        fflush(nil)
        while true {
            let connection = accept(listener, nil, nil)
            // A client that has reset its connection already is no failure.
            if connection >= 0 { close(connection) }
        }
    }

    /// Reports connections per second, and how long a connection takes until it stands: two packets, of which the first has to be translated.
    static func connect(to text: String, port: UInt16, count: Int) throws {
        guard let target = IPAddress(text), !target.isV6 else { throw ProxyBench.Problem(description: "found \(text), wanted an IPv4 address") }
        var address = socketAddress(UInt32(truncatingIfNeeded: target.value), port)
        // A reset at the end leaves no port of the client waiting.
        var linger = linger(l_onoff: 1, l_linger: 0)
        var times: [Double] = []
        let begin = KernelClock.monotonic
        for _ in 0..<count {
            let client = try systemCall("socket") { socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0) }
            defer { close(client) }
            setsockopt(client, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
            let start = KernelClock.monotonic
            try withPointer(to: &address) { pointer, size in
                _ = try systemCall("connect", "\(text):\(port)") { Glibc.connect(client, pointer, size) }
            }
            times.append(Double(KernelClock.monotonic - start) / 1e3)
        }
        let seconds = Double(KernelClock.monotonic - begin) / 1e9
        times.sort()
        ProxyBench.report([
            "per_second": Double(count) / seconds, "median": ProxyBench.quantile(0.5, times), "late": ProxyBench.quantile(0.99, times),
        ])
    }

    /// - Parameter address: in host order.
    private static func socketAddress(_ address: UInt32, _ port: UInt16) -> sockaddr_in {
        var result = sockaddr_in()
        result.sin_family = sa_family_t(AF_INET)
        result.sin_port = port.bigEndian
        result.sin_addr.s_addr = address.bigEndian
        return result
    }

    private static func withPointer(to address: inout sockaddr_in, _ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Void) rethrows {
        try withUnsafePointer(to: &address) { pointer in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { try body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }
}
