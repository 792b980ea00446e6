package import LinuxSystem

/// The facts about the machine that profiles depend on.
package struct SeccompHost: Sendable, Hashable {
    /// As Go names it: what profiles write.
    let architecture: String
    package let kernel: KernelVersion

    package static func current() throws(SystemError) -> SeccompHost {
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
