import LinuxSystem
import ShimClient

/// Security that the host offers.
extension ShimRuntime {
    /// The kernel enforces AppArmor.
    package var hasAppArmor: Bool { appArmor.isEnabled }

    /// The first kernel that shifts the owners of tmpfs, where tokens and secrets are.
    private static let neededKernel = KernelVersion(major: 6, minor: 3)

    /// Why pods cannot have user namespaces here; `nil` when they can. Blocking for a moment.
    ///
    /// The node reports this; a pod without tmpfs volumes may still run where this names an old kernel.
    package var userNamespaceProblem: String? {
        if let problem = userNamespaces.problem { return problem }
        let limit = "/proc/sys/user/max_user_namespaces"
        guard let number = (try? SmallFile.line(limit)).flatMap({ Int($0) }) else { return "the kernel has no user namespaces" }
        if number == 0 { return "\(limit) is 0" }
        let release = (try? HostFacts.names())?.release ?? ""
        guard let kernel = KernelVersion(release), kernel >= Self.neededKernel else {
            return "found kernel \(release), wanted 6.3 or later: it shifts the owners of tmpfs"
        }
        return nil
    }
}
