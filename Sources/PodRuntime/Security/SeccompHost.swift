import LinuxSystem

/// What profiles ask about the machine.
struct SeccompHost: Sendable, Hashable {
    /// As Go names it: what profiles write.
    let architecture: String
    let kernel: KernelVersion

    static func current() throws(SystemError) -> SeccompHost {
        let names = try HostFacts.names()
        return SeccompHost(architecture: compiledArchitecture, kernel: KernelVersion(names.release) ?? KernelVersion(major: 0, minor: 0))
    }

    #if arch(x86_64)
        static let compiledArchitecture = "amd64"
    #elseif arch(arm64)
        static let compiledArchitecture = "arm64"
    #elseif arch(riscv64)
        static let compiledArchitecture = "riscv64"
    #else
        static let compiledArchitecture = "unknown"
    #endif
}

/// The two numbers of a kernel release that features are told by.
struct KernelVersion: Sendable, Hashable, Comparable {
    let major: Int
    let minor: Int

    init(major: Int, minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// `4.8`, `6.1.0-18-cloud-amd64`.
    init?(_ text: String) {
        let parts = text.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2, let major = Int(parts[0]), let minor = Int(parts[1].prefix { $0.isNumber }), major >= 0 else { return nil }
        self.init(major: major, minor: minor)
    }

    static func < (left: KernelVersion, right: KernelVersion) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }
}
