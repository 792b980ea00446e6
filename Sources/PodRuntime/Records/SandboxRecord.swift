import CLinux
import PodCore
import ShimClient

/// The shim's record of a new sandbox.
enum SandboxRecord {
    /// - Parameter ids: those of the pod's user namespace; `nil` for the node's own.
    static func encode(_ configuration: SandboxConfiguration, ids: IDMapping?, pauseProgram: String) -> [UInt8] {
        var writer = WireWriter(kind: SWL_KIND_SANDBOX)
        let mode = { (own: Bool) in own ? SWL_NS_NEW.rawValue : SWL_NS_HOST.rawValue }
        // A pod on the node's network has the node's name, and with it the node's uts namespace.
        let isolated = configuration.network != .node
        writer.layout(
            SWL_TAG_NAMESPACES,
            swl_namespaces(
                network: mode(isolated), ipc: mode(configuration.ipc != .node), uts: mode(isolated), pid: mode(configuration.pid == .pod),
                mount: SWL_NS_NEW.rawValue, cgroup: SWL_NS_HOST.rawValue, user: mode(ids != nil), reserved: 0))
        if let ids {
            for tag in [SWL_TAG_UID_MAPPING, SWL_TAG_GID_MAPPING] {
                writer.layout(tag, swl_id_mapping(container_id: 0, host_id: ids.first, size: ids.count, reserved: 0))
            }
        }
        writer.string(SWL_TAG_PAUSE_PATH, pauseProgram)
        if isolated, !configuration.hostname.isEmpty { writer.string(SWL_TAG_HOSTNAME, configuration.hostname) }
        if isolated { writer.sysctls(unprivilegedNetwork(groups: ids == nil)) }
        // Behind those, so that what the pod says wins.
        writer.sysctls(configuration.sysctls)
        // No oom_score_adj: the pause takes the shim's, as low as the host allows, and outlives its pod's containers when memory runs out.
        return writer.finished()
    }

    /// In the pod's own network every user may bind any port and send ICMP echo requests, as with containerd 2. The range of groups has ids that a pod's user namespace lacks, and the kernel refuses it there.
    private static func unprivilegedNetwork(groups: Bool) -> [String: String] {
        let ports = ["net.ipv4.ip_unprivileged_port_start": "0"]
        return groups ? ports.merging(["net.ipv4.ping_group_range": "0 2147483647"]) { $1 } : ports
    }
}
