/// The kernel parameters that a pod may set: Kubernetes' safe ones and the ones that the administrator allows, in namespaces of the
/// pod's own.
package struct SysctlRules: Sendable, Hashable {
    private static let safe: Set<String> = [
        "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range",
        "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem",
    ]

    private static let valueBytes = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 \t,._:-".utf8)

    private enum Namespace {
        case network, ipc
    }

    /// kubelet's `allowedUnsafeSysctls`: names, or beginnings of names followed by `*`.
    private let allowed: [String]

    /// As they are configured.
    package var allowedUnsafe: [String] { allowed }

    /// Allows the safe parameters alone.
    package init() {
        allowed = []
    }

    /// - Throws: for an invalid pattern, and for one that matches parameters outside a pod's namespaces.
    package init(allowedUnsafe patterns: [String]) throws(PlanFailure) {
        var allowed: [String] = []
        for pattern in patterns {
            let written = pattern.hasSuffix("*") ? String(pattern.dropLast()) : pattern
            let name = Self.dotted(written)
            // A pattern completed by a letter must be a valid name.
            guard Self.isName(pattern.hasSuffix("*") ? name + "x" : name) else {
                throw PlanFailure("\"\(pattern)\" is no sysctl: wanted a name such as net.core.somaxconn, or a beginning such as kernel.msg*")
            }
            guard Self.namespace(of: name) != nil else {
                throw PlanFailure(
                    "the sysctls \"\(pattern)\" are not known to be namespaced: wanted kernel.shm*, kernel.msg*, kernel.sem, fs.mqueue.* or net.*")
            }
            allowed.append(pattern.hasSuffix("*") ? name + "*" : name)
        }
        self.allowed = allowed
    }

    /// Returns the parameter's dotted name; `name` may be written with slashes. Refuses a parameter that would reach beyond the pod.
    func checked(_ name: String, _ value: String, hostNetwork: Bool, hostIPC: Bool) throws(PlanFailure) -> String {
        let dotted = Self.dotted(name)
        guard Self.isName(dotted) else { throw PlanFailure("\"\(name)\" is no sysctl: wanted a name such as net.ipv4.tcp_syncookies") }
        guard Self.safe.contains(dotted) || allowed.contains(where: { Self.matches(dotted, $0) }) else {
            throw PlanFailure("forbidden sysctl: \"\(dotted)\" not allowlisted")
        }
        switch Self.namespace(of: dotted) {
        case .network where hostNetwork:
            throw PlanFailure("forbidden sysctl: \"\(dotted)\" not allowed with host net enabled")
        case .ipc where hostIPC: throw PlanFailure("forbidden sysctl: \"\(dotted)\" not allowed with host ipc enabled")
        case .network, .ipc: break
        case nil: throw PlanFailure("forbidden sysctl: \"\(dotted)\" belongs to no namespace of a pod: it would change the node")
        }
        // A value has no character that could begin another parameter or line (CVE-2022-0811).
        guard value.utf8.count <= 1024, value.utf8.allSatisfy(Self.valueBytes.contains) else {
            throw PlanFailure(
                "the value of sysctl \"\(dotted)\" is \"\(value.prefix(80))\": wanted at most 1024 letters, digits, blanks and any of , . _ : -")
        }
        return dotted
    }

    /// With slashes between the parts, dots inside them are written as slashes: `net/ipv4/conf/eth0.1/mtu` is `net.ipv4.conf.eth0/1.mtu`.
    private static func dotted(_ name: String) -> String {
        guard name.first(where: { $0 == "." || $0 == "/" }) == "/" else { return name }
        return String(name.map { $0 == "/" ? "." : $0 == "." ? "/" : $0 })
    }

    /// Parts of a-z, 0-9, `-` and `_`, none of them empty: so there is no `..` and no way up.
    private static func isName(_ dotted: String) -> Bool {
        dotted.utf8.count <= 253
            && dotted.split(omittingEmptySubsequences: false, whereSeparator: { $0 == "." || $0 == "/" }).allSatisfy { part in
                !part.isEmpty && part.utf8.allSatisfy { DNSName.isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
            }
    }

    private static func matches(_ name: String, _ pattern: String) -> Bool {
        pattern.hasSuffix("*") ? name.hasPrefix(pattern.dropLast()) : name == pattern
    }

    private static func namespace(of name: String) -> Namespace? {
        if name.hasPrefix("net.") { return .network }
        if name == "kernel.sem" || ["kernel.shm", "kernel.msg", "fs.mqueue."].contains(where: name.hasPrefix) { return .ipc }
        return nil
    }
}
