package import CLinux
package import LinuxSystem
package import PodCore

/// Capabilities by the names of capabilities(7). The position in the list is the kernel's number.
package enum CapabilityName {
    package static let all = SecurityPlan.allCapabilities

    private static let numbers = Dictionary(uniqueKeysWithValues: all.enumerated().map { ($1, UInt64($0)) })

    /// One bit for each name. An unknown name stops the container: what it was meant to restrict is not known either.
    package static func mask(_ names: [String]) throws(RuntimeFailure) -> UInt64 {
        var mask: UInt64 = 0
        for name in names {
            guard let number = numbers[name] else {
                throw RuntimeFailure(.create, "unknown capability \"\(name)\": wanted a name of capabilities(7) with its prefix, such as CAP_NET_RAW")
            }
            mask |= 1 << number
        }
        return mask
    }

    /// The five sets of a process. Nothing is inheritable and nothing ambient: a program without file capabilities that is
    /// not run by root gets none, as everywhere else in Kubernetes.
    /// - Parameter available: what the process that grants them has itself.
    package static func sets(_ names: [String], available: UInt64 = .max) throws(RuntimeFailure) -> swl_capabilities {
        let mask = try mask(names) & available
        return swl_capabilities(bounding: mask, effective: mask, inheritable: 0, permitted: mask, ambient: 0)
    }

    /// The known names of a mask.
    package static func names(_ mask: UInt64) -> [String] {
        all.enumerated().filter { mask & 1 << UInt64($0.offset) != 0 }.map(\.element)
    }

    /// The permitted set of a process (`CapPrm` in /proc/PID/status). A machine inside a container lacks some, and no process there can grant them.
    package static func permitted(of pid: Int32) throws(SystemError) -> UInt64 {
        let path = "/proc/\(pid)/status"
        for line in try SmallFile.text(path).split(separator: "\n") where line.hasPrefix("CapPrm:") {
            if let mask = UInt64(line.dropFirst("CapPrm:".count).drop { $0 == "\t" || $0 == " " }, radix: 16) { return mask }
        }
        throw SystemError(code: .malformed, call: "read", path: path, detail: "wanted a line CapPrm: with a hexadecimal number")
    }
}
