import Glibc

/// The names that `uname` returns.
package struct KernelNames: Sendable, Hashable {
    /// `Linux`
    package let system: String
    package let hostname: String
    /// `6.1.0-18-amd64`
    package let release: String
    /// `x86_64`
    package let machine: String

    package init() throws(SystemError) {
        var raw = utsname()
        try systemCall("uname") { uname(&raw) }
        system = Self.text(&raw.sysname)
        hostname = Self.text(&raw.nodename)
        release = Self.text(&raw.release)
        machine = Self.text(&raw.machine)
    }

    /// The architecture by Go's names, which Kubernetes uses: `amd64`, `arm64`, ...
    package var architecture: String {
        switch machine {
        case "x86_64": "amd64"
        case "aarch64": "arm64"
        case "armv7l", "armv6l": "arm"
        case "i386", "i686": "386"
        case "ppc64le", "s390x", "riscv64": machine
        default: machine
        }
    }

    private static func text<T>(_ field: inout T) -> String {
        withUnsafeBytes(of: &field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
