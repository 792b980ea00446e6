/// Which kernel parameters a pod may set: those that Kubernetes calls safe, in namespaces of the pod's own.
enum SysctlRules {
    private static let network: Set<String> = [
        "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem",
    ]

    private static let ipc: Set<String> = ["kernel.shm_rmid_forced"]

    /// Refuses a parameter that would reach beyond the pod. `name` is dotted.
    static func check(_ name: String, hostNetwork: Bool, hostIPC: Bool) throws(PlanFailure) {
        if network.contains(name) {
            if hostNetwork { throw PlanFailure("sysctl \"\(name)\" is not allowed with hostNetwork: it would change the node's own network") }
        } else if ipc.contains(name) {
            if hostIPC { throw PlanFailure("sysctl \"\(name)\" is not allowed with hostIPC: it would change the node's own IPC") }
        } else {
            throw PlanFailure("forbidden sysctl: \"\(name)\" not allowlisted: wanted one that Kubernetes calls safe")
        }
    }
}
