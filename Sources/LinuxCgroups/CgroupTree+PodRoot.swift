package import LinuxSystem

extension CgroupTree {
    /// Units to which systemd delegates the pods' cgroups. The second path is that of a unit without its `Slice=`.
    private static let delegated = ["/swiftlet-pods.service", "/system.slice/swiftlet-pods.service"]

    /// Returns the cgroup that holds the pods: `relative` below the cgroup v2 mount unless it is empty or `/`; else the cgroup that systemd
    /// has delegated to the unit of the pods, because everything else in the tree is systemd's own; else the mount point. Blocking.
    /// - Parameter relative: kubelet's `cgroupRoot`.
    package static func podRoot(relative: String, mounts: MountTable) throws(SystemError) -> String {
        guard let mount = mountPoint(in: mounts) else {
            throw SystemError(
                code: .malformed, call: "find cgroup v2", path: "/proc/self/mountinfo",
                detail: "found no cgroup2 mount, wanted one at /sys/fs/cgroup; boot with systemd.unified_cgroup_hierarchy=1")
        }
        guard relative == "/" || relative.isEmpty else { return mount + (relative.hasPrefix("/") ? relative : "/" + relative) }
        for path in delegated where try FileStatus.ifPresent(mount + path)?.kind == .directory { return mount + path }
        return mount
    }
}
